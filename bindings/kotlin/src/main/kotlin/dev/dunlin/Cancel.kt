// The switch that ends loads and runs, and threads that models share.

package dev.dunlin

import dev.dunlin.ffi.Cancel as FfiCancel
import dev.dunlin.ffi.Pool as FfiPool

/**
 * A switch that ends the loads and runs that it was given to, from any thread. It is turned on once and stays on.
 *
 * Coroutines need none: cancelling one cancels the load or run that it waits for.
 */
public class Cancel : AutoCloseable {
    internal val held: Held<FfiCancel> = Held(calling { FfiCancel() }, "switch")

    /** Whether it is on. */
    public val isCancelled: Boolean get() = held.use(FfiCancel::isCancelled)

    /** Turns it on: loads and runs end with [DunlinException.Cancelled], and later ones end at once. */
    public fun cancel() {
        held.use(FfiCancel::cancel)
    }

    /** Frees it. Loads and runs that it was given to keep it. */
    override fun close() {
        held.close()
    }
}

/**
 * Threads that models share.
 *
 * @param threads how many, the callers of runs included; 0 for as many as the process may use
 */
public class Pool @JvmOverloads constructor(threads: Int = 0) : AutoCloseable {
    internal val held: Held<FfiPool> =
        Held(calling { FfiPool(requireNotNegative(threads, "threads").toUInt()) }, "pool")

    /** How many threads there are. */
    public val threads: Int get() = held.use { it.nThreads().toInt() }

    /** Frees it, and ends the threads with the last model that uses them. */
    override fun close() {
        held.close()
    }
}

internal fun requireNotNegative(n: Int, what: String): Int = n.also { require(it >= 0) { "$what are $it" } }

internal fun requireNotNegative(n: Long, what: String): Long = n.also { require(it >= 0) { "$what is $it" } }
