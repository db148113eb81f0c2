// The model: loaded once, run by any number of threads.

internal import DunlinFFI
import Foundation

/// A loaded model. Any number of threads and tasks may run it at the same time.
///
/// ```swift
/// let model = try await Model.load(path: "digits.onnx")
/// let outputs = try await model.run(["image": Tensor(pixels, shape: [1, 1, 28, 28])])
/// print(try outputs.tensor("probabilities").array(of: Float.self))
/// ```
public final class Model: Running {
    private let ffi: DunlinFFI.Model
    let ports: Ports

    /// What it is.
    public let info: ModelInfo

    init(_ ffi: DunlinFFI.Model) {
        self.ffi = ffi
        info = ModelInfo(ffi.info())
        ports = Ports(inputs: info.inputs, outputs: info.outputs)
    }

    /// Where its nodes run.
    public var report: ModelReport { ModelReport(ffi.report()) }

    /// Runs the model on inputs by name.
    ///
    /// - Throws: ``DunlinError`` for inputs that do not fit, and whatever a node reports
    public func run(_ inputs: [String: Input], options: RunOptions) throws -> Outputs {
        try finish(ports.lowered(inputs), options)
    }

    /// Runs the model on inputs by name, on threads of Dunlin's. Cancelling the task cancels the run.
    ///
    /// - Throws: ``DunlinError`` for inputs that do not fit, and whatever a node reports; `CancellationError` if the task was cancelled
    public func run(_ inputs: [String: Input], options: RunOptions) async throws -> Outputs {
        try await finish(ports.lowered(inputs), options)
    }

    /// Runs the model on inputs in its order; otherwise as with names.
    public func run(inOrder inputs: [Input], options: RunOptions) throws -> Outputs {
        try finish(ports.lowered(inputs), options)
    }

    /// Runs the model on inputs in its order; otherwise as with names.
    public func run(inOrder inputs: [Input], options: RunOptions) async throws -> Outputs {
        try await finish(ports.lowered(inputs), options)
    }

    func start(_ inputs: [DunlinFFI.Input], _ options: DunlinFFI.RunOptions) throws -> RunResult {
        try ffi.run(inputs: inputs, options: options)
    }

    func start(_ inputs: [DunlinFFI.Input], _ options: DunlinFFI.RunOptions) async throws -> RunResult {
        try await ffi.runAsync(inputs: inputs, options: options)
    }

    /// A session: repeated runs with kept buffers and states. It does not end with the model.
    public func session() -> Session {
        Session(ffi.session(), ports)
    }

    /// How much memory a run takes with inputs of these shapes, in the model's order; `nil` for the shape that the file declares.
    ///
    /// - Throws: ``DunlinError`` of the kind `input` if there are more shapes than inputs, `shape` for negative sizes
    public func memory(_ shapes: [Int]?...) throws -> MemoryNeed {
        let need = try calling { try ffi.memory(shapes: shapes.map { $0?.map(Int64.init) }) }
        return MemoryNeed(bytes: Int(need.bytes), isExact: need.isExact)
    }
}

extension Model {
    /// Loads the model file at a path.
    ///
    /// - Throws: ``DunlinError``, and what a callback of the options throws
    public static func load(path: String, options: LoadOptions = LoadOptions()) throws -> Model {
        try load(.path(path: path), options)
    }

    /// Loads the model file at a path, on a thread of Dunlin's. Cancelling the task ends the load.
    ///
    /// - Throws: ``DunlinError``, what a callback of the options throws, and `CancellationError` if the task was cancelled
    public static func load(path: String, options: LoadOptions = LoadOptions()) async throws -> Model {
        try await load(.path(path: path), options)
    }

    /// Loads a model file, such as a bundle's resource.
    ///
    /// - Throws: ``DunlinError``, and what a callback of the options throws
    public static func load(_ url: URL, options: LoadOptions = LoadOptions()) throws -> Model {
        try load(.path(path: path(url)), options)
    }

    /// Loads a model file, such as a bundle's resource, on a thread of Dunlin's. Cancelling the task ends the load.
    ///
    /// - Throws: ``DunlinError``, what a callback of the options throws, and `CancellationError` if the task was cancelled
    public static func load(_ url: URL, options: LoadOptions = LoadOptions()) async throws -> Model {
        try await load(.path(path: path(url)), options)
    }

    /// Loads a model from memory, of which it keeps a copy.
    ///
    /// - Throws: ``DunlinError``, and what a callback of the options throws
    public static func load(data: Data, options: LoadOptions = LoadOptions()) throws -> Model {
        try load(memory(data), options)
    }

    /// Loads a model from memory, of which it keeps a copy, on a thread of Dunlin's. Cancelling the task ends the load.
    ///
    /// - Throws: ``DunlinError``, what a callback of the options throws, and `CancellationError` if the task was cancelled
    public static func load(data: Data, options: LoadOptions = LoadOptions()) async throws -> Model {
        try await load(memory(data), options)
    }

    /// Loads a part of the file of an open descriptor, such as a model that is stored uncompressed in an archive. The descriptor may be closed
    /// when the load is over.
    ///
    /// - Parameters:
    ///   - descriptor: the number of the descriptor
    ///   - offset: where the part begins, in bytes
    ///   - length: how many bytes it has; `nil` for all to the end
    public static func load(
        descriptor: Int32,
        offset: UInt64 = 0,
        length: UInt64? = nil,
        options: LoadOptions = LoadOptions()
    ) throws -> Model {
        try load(.descriptor(descriptor: descriptor, offset: offset, length: length), options)
    }

    /// Loads a part of the file of an open descriptor, on a thread of Dunlin's. Cancelling the task ends the load.
    public static func load(
        descriptor: Int32,
        offset: UInt64 = 0,
        length: UInt64? = nil,
        options: LoadOptions = LoadOptions()
    ) async throws -> Model {
        try await load(.descriptor(descriptor: descriptor, offset: offset, length: length), options)
    }

    private static func load(_ source: Source, _ options: LoadOptions) throws -> Model {
        try options.loading { try DunlinFFI.Model.load(source: source, options: $0) }
    }

    private static func load(_ source: Source, _ options: LoadOptions) async throws -> Model {
        try await options.loading { try await DunlinFFI.Model.loadAsync(source: source, options: $0) }
    }

    private static func path(_ url: URL) throws -> String {
        guard url.isFileURL else { throw DunlinError(.input, "\(url.absoluteString) is not a file's") }
        return url.path
    }

    private static func memory(_ data: Data) throws -> Source {
        .memory(bytes: try Tensor(data: data, type: .uint8, shape: [data.count]).ffi)
    }
}
