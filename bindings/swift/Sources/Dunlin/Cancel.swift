// The switch that ends loads and runs, and threads that models share.

internal import DunlinFFI
import Foundation

/// A switch that ends the loads and runs that it was given to, from any thread. It is turned on once and stays on.
///
/// Tasks need none: cancelling one cancels the load or run that it awaits.
public final class Cancel: @unchecked Sendable {
    let ffi = DunlinFFI.Cancel()
    // Guarded by the lock; all else is safe by itself.
    private var children: [ObjectIdentifier: Cancel] = [:]
    private let lock = NSLock()

    /// A switch that is off.
    public init() {}

    /// Whether it is on.
    public var isCancelled: Bool { ffi.isCancelled() }

    /// Turns it on: loads and runs end with an error of the kind `cancelled`, and later ones end at once.
    public func cancel() {
        ffi.cancel()
        lock.withLock { Array(children.values) }.forEach { $0.cancel() }
    }

    /// Uses a switch that can be turned on alone, and that `host` turns on, too.
    static func withChild<R>(of host: Cancel?, _ body: (Cancel) throws -> R) rethrows -> R {
        let own = Cancel()
        host?.adopt(own)
        defer { host?.forget(own) }
        return try body(own)
    }

    func adopt(_ child: Cancel) {
        lock.withLock { children[ObjectIdentifier(child)] = child }
        if isCancelled { child.cancel() }
    }

    func forget(_ child: Cancel) {
        lock.withLock { children[ObjectIdentifier(child)] = nil }
    }
}

/// Awaits work with a switch that cancelling the task turns on, and `host`, too. Work that the task's end cancelled ends with
/// `CancellationError`.
func awaiting<R>(_ host: Cancel?, _ work: (Cancel) async throws -> R) async throws -> R {
    try Task.checkCancellation()
    let own = Cancel()
    host?.adopt(own)
    defer { host?.forget(own) }
    do {
        return try await withTaskCancellationHandler { try await work(own) } onCancel: { own.cancel() }
    } catch {
        let isCancelled = (error as? DunlinError)?.kind == .cancelled
        throw isCancelled && Task.isCancelled && host?.isCancelled != true ? CancellationError() : error
    }
}

/// Threads that models share. They sleep when nothing runs and end with the last model that uses them.
public final class Pool: Sendable {
    let ffi: DunlinFFI.Pool

    /// A pool of this many threads, the callers of runs included; 0 for as many as the process may use.
    ///
    /// - Throws: ``DunlinError`` of the kind `input` for a number that no machine has, `out-of-memory` if the system refuses a thread
    public init(threads: Int = 0) throws {
        let n: UInt32 = try notNegative(threads, "the number of threads")
        ffi = try calling { try DunlinFFI.Pool(n: n) }
    }

    /// How many threads there are.
    public var threads: Int { Int(ffi.nThreads()) }
}
