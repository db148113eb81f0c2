// What this build of Dunlin is and has.

internal import DunlinFFI
import Foundation

/// The library as a whole.
public enum Library {
    /// The version of the native library, such as `0.1.0`.
    public static var version: String { DunlinFFI.version() }

    /// The instruction set that the CPU kernels use on this machine: `avx512`, `avx2`, `neon` or `scalar`.
    public static var instructionSet: String { DunlinFFI.instructionSet() }

    /// The devices that models can run on here, such as `cpu` and `cuda:0`.
    public static var devices: [String] { DunlinFFI.devices() }

    /// Whether this build has a feature: a device (`cuda:0`), a format (`onnx`), or an operator (`op:Conv`, `op:ai.onnx.ml:Scaler`).
    public static func has(_ feature: String) -> Bool { DunlinFFI.has(feature: feature) }

    /// Blocks until no asynchronous load or run is under way and their threads are gone.
    ///
    /// - Parameter timeout: how long at most, in seconds; `nil` for any time
    /// - Throws: ``DunlinError`` of the kind `deadline` if some still run
    public static func waitUntilIdle(timeout: TimeInterval? = nil) throws {
        let milliseconds = try milliseconds(timeout)
        try calling { try DunlinFFI.asyncWait(timeoutMs: milliseconds) }
    }
}

/// A time as the binding takes it: milliseconds, 0 for any time.
func milliseconds(_ timeout: TimeInterval?) throws -> UInt64 {
    guard let timeout else { return 0 }
    guard timeout >= 0, let whole = UInt64(exactly: (timeout * 1000).rounded(.up)) else {
        throw DunlinError(.input, "a timeout of \(timeout) seconds")
    }
    return max(whole, 1)
}

/// A number that must not be negative.
func notNegative<N: UnsignedInteger & FixedWidthInteger>(_ number: Int, _ what: String) throws -> N {
    guard let number = N(exactly: number) else { throw DunlinError(.input, "\(what) is \(number)") }
    return number
}
