// Coroutines: runs that block nobody, and what cancelling does.

package dev.dunlin

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class AsyncTest {
    private val seven get() = mapOf("image" to Tensor.of(Samples.seven(), 1, 1, 28, 28))

    @Test
    fun `many runs at once give the same`() = runBlocking(Dispatchers.Default) {
        Model.loadAsync(Samples.digits.path).use { model ->
            val answers = List(50) { async { model.runAsync(seven).tensor(0).bytes().toList() } }.awaitAll()
            assertEquals(1, answers.toSet().size)
        }
    }

    @Test
    fun `a session runs over a stream`() = runBlocking {
        Model.load(Samples.digits).use { model ->
            model.session().use { session ->
                val digits = session.runs(flow { repeat(3) { emit(seven) } }).toList()
                assertEquals(listOf(7, 7, 7), digits.map { it.tensor(0).floats().indexOfMax() })
            }
        }
    }

    @Test
    fun `cancelling the coroutine cancels the run`() = runBlocking(Dispatchers.Default) {
        Model.load(Samples.digits, LoadOptions().apply { threads = 1 }).use { model ->
            val many = mapOf("image" to Samples.manyImages())
            val whole = System.nanoTime().let { start -> model.run(many).close(); System.nanoTime() - start }
            var end: Throwable? = null
            val run = launch {
                try {
                    model.runAsync(many)
                } catch (error: CancellationException) {
                    end = error
                    throw error
                }
            }
            delay(whole / 1_000_000 / 10)
            val start = System.nanoTime()
            run.cancel()
            run.join()
            Dunlin.awaitIdle()
            assertTrue(end is CancellationException)
            val left = System.nanoTime() - start
            assertTrue(left < whole / 4 * 3, "the run went on for $left of $whole ns")
        }
    }

    @Test
    fun `a session is busy while it runs, and free afterwards`() = runBlocking(Dispatchers.Default) {
        Model.load(Samples.digits).use { model ->
            val session = model.session()
            // Undispatched: the run has begun when this returns.
            val run = async(start = CoroutineStart.UNDISPATCHED) { session.runAsync(mapOf("image" to Samples.manyImages())) }
            assertThrows(DunlinException.Busy::class.java) { session.reset() }
            run.await().close()
            session.run(seven).close()
        }
    }

    @Test
    fun `a switch and a time end runs`() = runBlocking {
        Model.load(Samples.digits).use { model ->
            val many = mapOf("image" to Samples.manyImages())
            val late = RunOptions().apply { timeoutMillis = 1 }
            assertThrows(DunlinException.Deadline::class.java) { model.run(many, late) }
            val switch = Cancel()
            val options = RunOptions().apply { cancel = switch }
            model.runAsync(seven, options).close()
            assertFalse(switch.isCancelled)
            switch.cancel()
            assertThrows(DunlinException.Cancelled::class.java) { model.run(seven, options) }
            val error = runCatching { model.runAsync(seven, options) }.exceptionOrNull()
            assertTrue(error is DunlinException.Cancelled, "$error")
            val loading = LoadOptions().apply { cancel = switch }
            assertThrows(DunlinException.Cancelled::class.java) { Model.load(Samples.digits, loading) }
            withTimeout(10_000) { model.runAsync(seven).close() }
        }
    }
}
