// Choices for loading a model.

internal import DunlinFFI
import Foundation

/// Choices for loading a model, all at their defaults.
public struct LoadOptions: Sendable {
    /// Threads of the model's own pool, the callers of runs included; 0 for as many as the process may use.
    public var threads = 0

    /// A pool that other models use too, in place of an own one.
    public var pool: Pool?

    /// The device to run on: `cpu` if `nil`. See ``Library/devices``.
    public var device: String?

    /// What happens to nodes that the device cannot run.
    public var fallback = Fallback.report

    /// Whether the model's files are copied into memory. If not, they are mapped, and must not be shortened while the model lives.
    public var copyFiles = false

    /// What loading and running may use at most, where it is to be other than the defaults.
    public var limits: [LimitKind: UInt64] = [:]

    /// Passes of the optimiser that are switched off, by name.
    public var disabledPasses: Set<String> = []

    /// States: after each run of a session, the output of this name becomes the next run's input of that. Inputs to outputs.
    public var states: [String: String] = [:]

    /// For how many sets of input shapes the model remembers the results of shape arithmetic.
    public var maxCachedShapes = 16

    /// Ends loading early. Tasks need none: cancelling one ends the load that it awaits.
    public var cancel: Cancel?

    /// How many seconds the load may take; `nil` for any number.
    public var timeout: TimeInterval?

    /// Is told how far loading has come, from the loading thread: `fraction` goes from 0 to 1. What it throws is thrown by the load.
    public var progress: (@Sendable (_ stage: Stage, _ fraction: Float) throws -> Void)?

    /// Is given lines about the load, from the loading thread. What it throws is thrown by the load.
    public var log: (@Sendable (_ level: LogLevel, _ line: String) throws -> Void)?

    /// Which lines those are: of this level and what matters more.
    public var logLevel = LogLevel.warning

    /// The contents of files that the model keeps weights in, by the names that it calls them by, for models that have no folder. Where one is
    /// given, no folder is looked into. The tensors (of any type but strings) are used and not copied.
    public var externals: [String: Tensor] = [:]

    /// All at their defaults.
    public init() {}

    /// With this many threads, all else at its default.
    public init(threads: Int) {
        self.threads = threads
    }
}

/// What happens to nodes that the device cannot run.
public enum Fallback: Sendable {
    /// Loading fails with an error of the kind `placement` that names them.
    case deny
    /// They run on the CPU, and the report lists them with the reason.
    case report
    /// They run on the CPU; the report still lists them, but nothing is logged.
    case allow
}

/// The stages of loading.
public enum Stage: Sendable {
    /// The file is checked and its graph built.
    case read
    /// The graph is simplified and fused.
    case optimize
    /// Weights are packed and the steps laid out.
    case plan
    /// The model is ready.
    case done
}

/// How much a line of the log matters.
public enum LogLevel: Sendable {
    /// Something that a user of the model should know: nodes that do not run where they were asked to.
    case warning
    /// What was loaded and how.
    case info
    /// Details for somebody who looks for a reason.
    case debug
}

/// What a limit is of.
public enum LimitKind: Sendable {
    /// Bytes of the model's file.
    case fileBytes
    /// Bytes that the decoded file may take, weights not counted.
    case decodedBytes
    /// Nodes of the model.
    case nodes
    /// Bytes of one tensor, in the file and in a run.
    case tensorBytes
    /// Bytes of all tensors that one run holds at a time.
    case runBytes
    /// Steps of one loop.
    case loopSteps
    /// Dimensions of a tensor.
    case rank
    /// Bytes of one string.
    case stringBytes
}

extension LoadOptions {
    /// The binding's choices.
    func lowered(_ callbacks: Callbacks, _ cancel: Cancel) throws -> DunlinFFI.LoadOptions {
        DunlinFFI.LoadOptions(
            threads: try notNegative(threads, "the number of threads"),
            pool: pool?.ffi,
            device: device,
            fallback: fallback.lowered,
            copyFiles: copyFiles,
            limits: limits.map { Limit(of: $0.key.lowered, most: $0.value) },
            disabledPasses: disabledPasses.sorted(),
            states: states.sorted { $0.key < $1.key }.map { State(input: $0.key, output: $0.value) },
            maxCachedShapes: try notNegative(maxCachedShapes, "the number of cached shapes"),
            cancel: cancel.ffi,
            timeoutMs: try milliseconds(timeout),
            progress: progress == nil ? nil : callbacks,
            log: log == nil ? nil : callbacks,
            logLevel: logLevel.lowered,
            externals: externals.map { External(name: $0.key, bytes: $0.value.ffi) }
        )
    }

    /// Loads with these choices. What a callback threw ends the load and is thrown again here: no error can cross the native library.
    func loading(_ load: (DunlinFFI.LoadOptions) throws -> DunlinFFI.Model) throws -> Model {
        try Cancel.withChild(of: cancel) { own in
            let callbacks = Callbacks(self, own)
            do {
                let model = try load(lowered(callbacks, own))
                if let thrown = callbacks.thrown { throw thrown }
                return Model(model)
            } catch {
                throw callbacks.thrown ?? translated(error)
            }
        }
    }

    /// As ``loading``, for loads that are awaited.
    func loading(_ load: (DunlinFFI.LoadOptions) async throws -> DunlinFFI.Model) async throws -> Model {
        try await awaiting(cancel) { own in
            let callbacks = Callbacks(self, own)
            do {
                let model = try await load(lowered(callbacks, own))
                if let thrown = callbacks.thrown { throw thrown }
                return Model(model)
            } catch {
                throw callbacks.thrown ?? translated(error)
            }
        }
    }
}

/// Calls the host's functions, and keeps what the first of them throws.
final class Callbacks: DunlinFFI.Progress, DunlinFFI.Log, @unchecked Sendable {
    private let options: LoadOptions
    private let own: Cancel
    private let lock = NSLock()
    // Guarded by the lock.
    private var first: (any Error)?

    init(_ options: LoadOptions, _ own: Cancel) {
        (self.options, self.own) = (options, own)
    }

    var thrown: (any Error)? { lock.withLock { first } }

    func progressed(stage: DunlinFFI.Stage, fraction: Float) {
        guarded { try options.progress?(Stage(stage), fraction) }
    }

    func wrote(level: DunlinFFI.LogLevel, line: String) {
        guarded { try options.log?(LogLevel(level), line) }
    }

    private func guarded(_ call: () throws -> Void) {
        guard thrown == nil else { return }
        do {
            try call()
        } catch {
            lock.withLock { first = first ?? error }
            own.cancel()
        }
    }
}

extension Fallback {
    var lowered: DunlinFFI.Fallback {
        switch self {
        case .deny: .deny
        case .report: .report
        case .allow: .allow
        }
    }
}

extension Stage {
    init(_ ffi: DunlinFFI.Stage) {
        switch ffi {
        case .read: self = .read
        case .optimize: self = .optimize
        case .plan: self = .plan
        case .done: self = .done
        }
    }
}

extension LogLevel {
    init(_ ffi: DunlinFFI.LogLevel) {
        switch ffi {
        case .warning: self = .warning
        case .info: self = .info
        case .debug: self = .debug
        }
    }

    var lowered: DunlinFFI.LogLevel {
        switch self {
        case .warning: .warning
        case .info: .info
        case .debug: .debug
        }
    }
}

extension LimitKind {
    var lowered: LimitOf {
        switch self {
        case .fileBytes: .fileBytes
        case .decodedBytes: .decodedBytes
        case .nodes: .nodes
        case .tensorBytes: .tensorBytes
        case .runBytes: .runBytes
        case .loopSteps: .loopSteps
        case .rank: .rank
        case .stringBytes: .stringBytes
        }
    }
}
