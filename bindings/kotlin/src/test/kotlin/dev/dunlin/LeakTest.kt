// Memory stays flat over many loads, runs and closes, and over what nobody closes.

package dev.dunlin

import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledOnOs
import org.junit.jupiter.api.condition.OS

@EnabledOnOs(OS.LINUX)
class LeakTest {
    /** Bytes by which the process may grow: allocators and the JVM keep some, and a leak of a few bytes a time is more in the long mode. */
    private val allowed = 24L shl 20

    @Test
    fun `loads and closes`() = stays(Samples.loads) {
        Model.load(Samples.digits, LoadOptions().apply { threads = 1 }).use { model ->
            Tensor.of(FloatArray(784), 1, 1, 28, 28).use { model.run(it).close() }
        }
    }

    @Test
    fun `runs and closes`() = addition { model, inputs ->
        stays(Samples.repetitions) { inputs(20_000).use { model.run(it).close() } }
    }

    @Test
    fun `runs that are awaited`() = addition { model, inputs ->
        stays(Samples.repetitions) { inputs(20_000).use { runBlocking { model.runAsync(it) }.close() } }
    }

    @Test
    fun `errors`() = addition { model, _ ->
        stays(Samples.repetitions) { runCatching { model.run(emptyMap()) } }
    }

    @Test
    fun `runs and buffers that nobody closes`() = addition { model, inputs ->
        stays(Samples.repetitions) { model.run(inputs(300)).tensor(0).buffer() }
    }

    private class Inputs(private val tensors: Map<String, Tensor>) : Map<String, Value> by tensors, AutoCloseable {
        override fun close() {
            tensors.values.forEach(Tensor::close)
        }
    }

    /** A model that does little with as much memory as it is given: the test sees each tensor that is left over. */
    private fun addition(test: (Model, inputs: (Int) -> Inputs) -> Unit) {
        val numbers = FloatArray(60_000)
        Model.load(Samples.addition, LoadOptions().apply { threads = 1 }).use { model ->
            test(model) { rows ->
                val rows3 = if (rows == 20_000) numbers else FloatArray(3 * rows)
                Inputs(mapOf("x" to Tensor.of(rows3, rows.toLong(), 3), "y" to Tensor.scalar(1f)))
            }
        }
    }

    private fun stays(repetitions: Int, step: () -> Unit) {
        repeat(repetitions / 2) { step() }
        settle()
        val before = Samples.residentBytes()
        repeat(repetitions) { step() }
        settle()
        val grown = Samples.residentBytes() - before
        assertTrue(grown < allowed, "$repetitions repetitions left $grown bytes")
    }

    /** Lets the garbage collector and what runs after it come to an end. */
    private fun settle() {
        repeat(3) {
            System.gc()
            Thread.sleep(100)
        }
    }
}
