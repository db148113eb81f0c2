// What a model is, and where its nodes run.

internal import DunlinFFI

/// What a model is.
public struct ModelInfo: Sendable, Equatable {
    /// What it takes, in order.
    public let inputs: [Port]
    /// What it gives, in order.
    public let outputs: [Port]
    /// The version of the file format.
    public let irVersion: Int64
    /// The model's own version.
    public let modelVersion: Int64
    /// The program that wrote the file, and its version.
    public let producer: String
    /// Free text.
    public let description: String
    /// The sets of operators that it uses: versions by domain; the main one is called `ai.onnx`.
    public let opsets: [String: Int64]
    /// Keys and values that its maker attached.
    public let metadata: [String: String]

    init(_ ffi: DunlinFFI.ModelInfo) {
        (inputs, outputs) = (ffi.inputs.map(Port.init), ffi.outputs.map(Port.init))
        (irVersion, modelVersion) = (ffi.irVersion, ffi.modelVersion)
        (producer, description) = (ffi.producer, ffi.description)
        opsets = Dictionary(ffi.opsets.map { ($0.domain, $0.version) }) { first, _ in first }
        metadata = Dictionary(ffi.metadata.map { ($0.key, $0.value) }) { first, _ in first }
    }
}

/// An input or output of a model.
public struct Port: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// Its type as text, such as `float32[n, 3, 224, 224]`.
    public let typeText: String
    /// The element type, if it is a tensor and not open.
    public let type: ElementType?
    /// The sizes, `nil` where one is open; `nil` if even the rank is open, or it is no tensor.
    public let shape: [Int?]?
    /// Whether an input may be left out.
    public let isOptional: Bool

    init(_ ffi: DunlinFFI.Port) {
        (name, typeText, isOptional) = (ffi.name, ffi.typeText, ffi.isOptional)
        type = ElementType(rawValue: ffi.dtype)
        shape = ffi.dims.map { $0.map { $0 < 0 ? nil : Int($0) } }
    }
}

/// Where a model's nodes run.
public struct ModelReport: Sendable, Equatable {
    /// Each node of the optimised graph, in the order in which they run.
    public let nodes: [Placement]
    /// The optimiser's passes that changed something, in order.
    public let passes: [String]
    /// Bytes of weights in packed layouts.
    public let packedBytes: Int
    /// Bytes of constants that are kept as they are.
    public let constantBytes: Int
    /// All of it as JSON.
    public let json: String

    init(_ ffi: DunlinFFI.ModelReport) {
        nodes = ffi.nodes.map(Placement.init)
        (passes, json) = (ffi.passes, ffi.json)
        (packedBytes, constantBytes) = (Int(ffi.packedBytes), Int(ffi.constantBytes))
    }
}

/// Where one node runs.
public struct Placement: Sendable, Equatable {
    /// Its name in the model; its operator's if it has none.
    public let node: String
    /// The operator.
    public let `operator`: String
    /// The backend that computes it.
    public let backend: String
    /// Why it does not run on the device that was asked for, if it does not.
    public let fallback: String?

    init(_ ffi: DunlinFFI.Placement) {
        (node, `operator`, backend, fallback) = (ffi.node, ffi.op, ffi.backend, ffi.fallback)
    }
}

/// How much memory a run will take.
public struct MemoryNeed: Sendable, Equatable {
    /// Peak bytes of tensors, weights not counted.
    public let bytes: Int
    /// Whether that is all; if not, some shapes depend on the inputs' contents, and it is at least so many.
    public let isExact: Bool
}
