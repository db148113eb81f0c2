// What goes into runs and comes out of them.

internal import DunlinFFI

/// A value that goes into a run or comes out of one: a tensor, or one of the ONNX standard's containers.
public indirect enum Value: Sendable {
    /// Elements of one type in a shape.
    case tensor(Tensor)
    /// Values in order.
    case sequence([Value])
    /// Keys (a tensor of rank 1: integers or strings) and a value for each.
    case map(keys: Tensor, values: [Value])
    /// A value or none.
    case optional(Value?)

    /// The tensor, if it is one.
    public var tensor: Tensor? {
        if case .tensor(let tensor) = self { tensor } else { nil }
    }

    init(_ ffi: DunlinFFI.Value, _ info: ValueInfo) throws {
        switch info.kind {
        case .tensor: self = .tensor(try Tensor(ffi, info))
        case .sequence: self = .sequence(try Value.elements(ffi))
        case .map:
            let keys = try calling { try ffi.keys() }
            self = .map(keys: try Tensor(keys, keys.info()), values: try Value.elements(ffi))
        case .optional: self = .optional(try Value.elements(ffi).first)
        }
    }

    private static func elements(_ ffi: DunlinFFI.Value) throws -> [Value] {
        try ffi.elements().map { try Value($0, $0.info()) }
    }

    /// As the binding takes it: the memory is shared.
    func lowered() throws -> DunlinFFI.Value {
        switch self {
        case .tensor(let tensor): return tensor.ffi
        case .sequence(let values): return try DunlinFFI.Value.sequence(values: values.map { try $0.lowered() })
        case .map(let keys, let values):
            return try calling { try DunlinFFI.Value.map(keys: keys.ffi, values: values.map { try $0.lowered() }) }
        case .optional(let value): return try DunlinFFI.Value.optional(value: value?.lowered())
        }
    }
}

extension Value: CustomStringConvertible {
    /// Types and shapes.
    public var description: String {
        switch self {
        case .tensor(let tensor): "\(tensor)"
        case .sequence(let values): "sequence\(values)"
        case .map(let keys, let values): "map(\(keys): \(values))"
        case .optional(let value): "optional(\(value.map(String.init(describing:)) ?? "none"))"
        }
    }
}

/// What goes into a run under a name: a value, or a picture that becomes the tensor that the model wants.
public struct Input: Sendable {
    private enum Content {
        case value(Value)
        case image(Picture, Picture.Options)
    }

    private let content: Content

    /// A value as it is.
    public static func value(_ value: Value) -> Input { Input(content: .value(value)) }

    /// A tensor as it is.
    public static func tensor(_ tensor: Tensor) -> Input { .value(.tensor(tensor)) }

    /// A tensor of an array's elements; of one dimension if no shape is given.
    public static func tensor<Element: TensorElement>(_ elements: [Element], shape: [Int]? = nil) throws -> Input {
        .tensor(try Tensor(elements, shape: shape))
    }

    /// A picture, scaled and laid out as the model's input is declared.
    public static func image(_ image: Picture, _ options: Picture.Options = Picture.Options()) -> Input {
        Input(content: .image(image, options))
    }

    /// The value for an input of a model.
    func value(for port: Port?) throws -> Value {
        switch content {
        case .value(let value): return value
        case .image(let image, let options):
            guard let port else { throw DunlinError(.notFound, "the model has no input for the picture") }
            return .tensor(try image.tensor(for: port, options))
        }
    }
}

/// What a run takes as an input: tensors, values and ``Input`` itself.
public protocol InputConvertible: Sendable {
    /// It, as an input.
    var input: Input { get }
}

extension Input: InputConvertible {
    /// It itself.
    public var input: Input { self }
}

extension Value: InputConvertible {
    /// The value as it is.
    public var input: Input { .value(self) }
}

extension Tensor: InputConvertible {
    /// The tensor as it is.
    public var input: Input { .tensor(self) }
}

extension TypedTensor: InputConvertible {
    /// The tensor as it is.
    public var input: Input { .tensor(tensor) }
}

extension Picture: InputConvertible {
    /// The picture, scaled and laid out as the model's input is declared.
    public var input: Input { .image(self) }
}
