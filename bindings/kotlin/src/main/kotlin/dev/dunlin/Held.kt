// Who may free what: counts of uses, and what happens to memory that nobody can reach any more.

package dev.dunlin

import dev.dunlin.ffi.Disposable
import java.lang.ref.PhantomReference
import java.lang.ref.ReferenceQueue
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger

/**
 * An object of the native library, freed when its owner has closed it and no call uses it any more. If the owner forgets to close it, the
 * binding frees it when it is unreachable.
 */
internal class Held<T : Disposable>(private val target: T, private val what: String) {
    private val uses = AtomicInteger(1)
    private val isClosed = AtomicBoolean()

    /** Begins a use, which [release] ends. */
    fun acquire(): T {
        while (true) {
            val n = uses.get()
            check(n > 0 && !isClosed.get()) { "the $what is closed" }
            if (uses.compareAndSet(n, n + 1)) return target
        }
    }

    fun release() {
        if (uses.decrementAndGet() == 0) target.destroy()
    }

    fun close() {
        if (isClosed.compareAndSet(false, true)) release()
    }

    inline fun <R> use(block: (T) -> R): R {
        val target = acquire()
        try {
            return block(target)
        } finally {
            release()
        }
    }
}

/** Runs actions when objects have become unreachable, on a thread of its own. */
internal object Reaper {
    private val queue = ReferenceQueue<Any>()
    private val waiting: MutableSet<Reference> = ConcurrentHashMap.newKeySet()

    private class Reference(target: Any, queue: ReferenceQueue<Any>, val action: () -> Unit) :
        PhantomReference<Any>(target, queue)

    init {
        Thread(::reap, "dunlin-reaper").apply { isDaemon = true }.start()
    }

    /** [action] must not hold [target]. */
    fun whenUnreachable(target: Any, action: () -> Unit) {
        waiting.add(Reference(target, queue, action))
    }

    private fun reap() {
        while (true) {
            val reference = queue.remove() as Reference
            waiting.remove(reference)
            reference.action()
        }
    }
}
