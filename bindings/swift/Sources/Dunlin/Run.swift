// Runs: choices, what goes in by name or in order, and what comes out.

internal import DunlinFFI
import Foundation

/// Choices for runs, all at their defaults.
public struct RunOptions: Sendable {
    /// Ends the run early. Tasks need none: cancelling one cancels the run that it awaits.
    public var cancel: Cancel?

    /// How many seconds the run may take; `nil` for any number.
    public var timeout: TimeInterval?

    /// The seed of the graph's random numbers, where it draws any.
    public var seed: UInt64 = 0

    /// Whether to record each node's time, for ``Outputs/report``.
    public var report = false

    /// All at their defaults.
    public init() {}

    /// Only whether to record each node's time.
    public init(report: Bool) {
        self.report = report
    }

    func lowered(_ cancel: Cancel?) throws -> DunlinFFI.RunOptions {
        try DunlinFFI.RunOptions(
            cancel: cancel?.ffi, timeoutMs: milliseconds(timeout), seed: seed, report: report)
    }
}

/// What runs: a ``Model`` or a ``Session``. In asynchronous functions `run` is awaited and blocks no thread; elsewhere it blocks.
public protocol Runner: Sendable {
    /// Runs on inputs by name.
    ///
    /// - Throws: ``DunlinError`` for inputs that do not fit, and whatever a node reports
    func run(_ inputs: [String: Input], options: RunOptions) throws -> Outputs

    /// Runs on inputs by name, on threads of Dunlin's. Cancelling the task cancels the run.
    ///
    /// - Throws: ``DunlinError`` for inputs that do not fit, and whatever a node reports; `CancellationError` if the task was cancelled
    func run(_ inputs: [String: Input], options: RunOptions) async throws -> Outputs

    /// Runs on inputs in the model's order; otherwise as with names.
    func run(inOrder inputs: [Input], options: RunOptions) throws -> Outputs

    /// Runs on inputs in the model's order; otherwise as with names.
    func run(inOrder inputs: [Input], options: RunOptions) async throws -> Outputs
}

extension Runner {
    /// Runs on inputs by name, with default choices.
    public func run(_ inputs: [String: Input]) throws -> Outputs {
        try run(inputs, options: RunOptions())
    }

    /// Runs on inputs by name, with default choices. Cancelling the task cancels the run.
    public func run(_ inputs: [String: Input]) async throws -> Outputs {
        try await run(inputs, options: RunOptions())
    }

    /// Runs on tensors or values by name.
    public func run<T: InputConvertible>(_ inputs: [String: T], options: RunOptions = RunOptions()) throws -> Outputs {
        try run(inputs.mapValues(\.input), options: options)
    }

    /// Runs on tensors or values by name. Cancelling the task cancels the run.
    public func run<T: InputConvertible>(
        _ inputs: [String: T],
        options: RunOptions = RunOptions()
    ) async throws -> Outputs {
        try await run(inputs.mapValues(\.input), options: options)
    }

    /// Runs on inputs in the model's order.
    public func run(_ inputs: any InputConvertible..., options: RunOptions = RunOptions()) throws -> Outputs {
        try run(inOrder: inputs.map(\.input), options: options)
    }

    /// Runs on inputs in the model's order. Cancelling the task cancels the run.
    public func run(_ inputs: any InputConvertible..., options: RunOptions = RunOptions()) async throws -> Outputs {
        try await run(inOrder: inputs.map(\.input), options: options)
    }
}

/// The outputs of a run with their names, in the model's order.
public struct Outputs: RandomAccessCollection, Sendable {
    private let named: [(name: String, value: Value)]

    /// What the run spent, if ``RunOptions/report`` asked for it.
    public let report: RunReport?

    /// Always 0.
    public var startIndex: Int { 0 }

    /// The number of outputs.
    public var endIndex: Int { named.count }

    /// The output in this place of the model's order, with its name.
    public subscript(position: Int) -> (name: String, value: Value) { named[position] }

    /// The output of this name.
    public subscript(name: String) -> Value? {
        named.first { $0.name == name }?.value
    }

    /// The tensor of this name.
    ///
    /// - Throws: ``DunlinError`` of the kind `not-found` if there is no such output, `dtype` if it is no tensor
    public func tensor(_ name: String) throws -> Tensor {
        guard let value = self[name] else {
            throw DunlinError(.notFound, "no output is called \(name); there are \(named.map(\.name))")
        }
        return try tensor(name, value)
    }

    /// The tensor in this place of the model's order.
    ///
    /// - Throws: ``DunlinError`` of the kind `not-found` if there is no such output, `dtype` if it is no tensor
    public func tensor(_ position: Int) throws -> Tensor {
        guard indices.contains(position) else {
            throw DunlinError(.notFound, "no output \(position); there are \(count)")
        }
        return try tensor("\(position)", self[position].value)
    }

    private func tensor(_ name: String, _ value: Value) throws -> Tensor {
        guard let tensor = value.tensor else { throw DunlinError(.elementType, "output \(name) is no tensor: \(value)") }
        return tensor
    }

    init(_ result: RunResult, _ ports: [Port]) throws {
        named = try zip(ports, result.outputs).map { port, output in
            (name: port.name, value: try Value(output.value, output.info))
        }
        report = result.report.map(RunReport.init)
    }
}

/// What a run spent. It is only put into records when somebody asks.
public struct RunReport: Sendable {
    private let ffi: DunlinFFI.RunReport
    private let summary: RunSummary

    init(_ ffi: DunlinFFI.RunReport) {
        (self.ffi, summary) = (ffi, ffi.summary())
    }

    /// Nanoseconds of the whole run.
    public var nanoseconds: UInt64 { summary.nanoseconds }

    /// The most bytes of tensors that were held at a time.
    public var peakBytes: Int { Int(summary.peakBytes) }

    /// How many nodes did not run, since their results follow from input shapes that have been seen before.
    public var sparedNodes: Int { Int(summary.nSpared) }

    /// Each node that ran, in order; nodes of nested graphs once per execution, before the node around them.
    public var nodes: [NodeReport] { ffi.nodes().map(NodeReport.init) }

    /// All of it as JSON.
    public var json: String { ffi.json() }
}

/// What one node spent.
public struct NodeReport: Sendable, Equatable {
    /// Its name in the model; its operator's if it has none.
    public let node: String
    /// The operator.
    public let `operator`: String
    /// The backend that computed it.
    public let backend: String
    /// The element type of its first output, if that is a tensor.
    public let type: ElementType?
    /// How long it took, in nanoseconds.
    public let nanoseconds: UInt64
    /// Bytes of its outputs.
    public let outputBytes: Int
    /// How deeply it is nested in control flow; 0 for the main graph.
    public let depth: Int
    /// Why it did not run on the device that was asked for, if it did not.
    public let fallback: String?

    init(_ ffi: DunlinFFI.NodeReport) {
        (node, `operator`, backend, fallback) = (ffi.node, ffi.op, ffi.backend, ffi.fallback)
        (type, nanoseconds) = (ElementType(rawValue: ffi.dtype), ffi.nanoseconds)
        (outputBytes, depth) = (Int(ffi.outputBytes), Int(ffi.depth))
    }
}

/// The model's ports, which inputs are made for and outputs named after.
struct Ports: Sendable {
    let inputs: [Port]
    let outputs: [Port]

    func lowered(_ named: [String: Input]) throws -> [DunlinFFI.Input] {
        try named.map { name, input in
            let port = inputs.first { $0.name == name }
            return DunlinFFI.Input(name: name, value: try input.value(for: port).lowered())
        }
    }

    func lowered(_ ordered: [Input]) throws -> [DunlinFFI.Input] {
        try ordered.enumerated().map { i, input in
            let port = i < inputs.count ? inputs[i] : nil
            return DunlinFFI.Input(name: nil, value: try input.value(for: port).lowered())
        }
    }
}

/// The binding's functions, which models and sessions have in common.
protocol Running: Runner {
    var ports: Ports { get }
    func start(_ inputs: [DunlinFFI.Input], _ options: DunlinFFI.RunOptions) throws -> RunResult
    func start(_ inputs: [DunlinFFI.Input], _ options: DunlinFFI.RunOptions) async throws -> RunResult
}

extension Running {
    func finish(_ inputs: [DunlinFFI.Input], _ options: RunOptions) throws -> Outputs {
        let choices = try options.lowered(options.cancel)
        return try Outputs(calling { try start(inputs, choices) }, ports.outputs)
    }

    func finish(_ inputs: [DunlinFFI.Input], _ options: RunOptions) async throws -> Outputs {
        let result = try await awaiting(options.cancel) { own in
            do { return try await start(inputs, options.lowered(own)) } catch { throw translated(error) }
        }
        return try Outputs(result, ports.outputs)
    }
}
