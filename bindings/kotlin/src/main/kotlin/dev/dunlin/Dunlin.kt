// What this build of Dunlin is and has.

package dev.dunlin

/** The library as a whole. */
public object Dunlin {
    /** The version of the native library, such as `0.1.0`. */
    @JvmStatic
    public val version: String get() = calling { dev.dunlin.ffi.version() }

    /** The instruction set that the CPU kernels use on this machine: `avx512`, `avx2`, `neon` or `scalar`. */
    @JvmStatic
    public val instructionSet: String get() = calling { dev.dunlin.ffi.instructionSet() }

    /** The devices that models can run on here, such as `cpu` and `cuda:0`. */
    @JvmStatic
    public val devices: List<String> get() = calling { dev.dunlin.ffi.devices() }

    /** Whether this build has a feature: a device (`cuda:0`), a format (`onnx`), or an operator (`op:Conv`, `op:ai.onnx.ml:Scaler`). */
    @JvmStatic
    public fun has(feature: String): Boolean = calling { dev.dunlin.ffi.has(feature) }

    /**
     * Waits until no asynchronous load or run is under way and their threads are gone.
     *
     * @param timeoutMillis how long at most, in milliseconds; 0 for any time
     * @throws DunlinException.Deadline if some still run
     */
    @JvmStatic
    @JvmOverloads
    public fun awaitIdle(timeoutMillis: Long = 0) {
        calling { dev.dunlin.ffi.asyncWait(timeoutMillis.toULong()) }
    }
}
