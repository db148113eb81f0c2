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
    fun `loads and closes`() = stays(Samples.repetitions / 10) {
        Model.load(Samples.digits, LoadOptions().apply { threads = 1 }).use { model ->
            run(model).close()
        }
    }

    @Test
    fun `runs and closes`() {
        Model.load(Samples.digits).use { model -> stays(Samples.repetitions) { run(model).close() } }
    }

    @Test
    fun `runs that are awaited`() {
        Model.load(Samples.digits).use { model ->
            stays(Samples.repetitions) {
                Tensor.of(FloatArray(784), 1, 1, 28, 28).use { image ->
                    runBlocking { model.runAsync(mapOf("image" to image)) }.close()
                }
            }
        }
    }

    @Test
    fun `errors`() {
        Model.load(Samples.digits).use { model ->
            stays(Samples.repetitions) { runCatching { model.run(emptyMap()) } }
        }
    }

    @Test
    fun `runs and buffers that nobody closes`() {
        Model.load(Samples.digits).use { model ->
            stays(Samples.repetitions) { run(model).tensor(0).buffer() }
        }
    }

    private fun run(model: Model): Outputs =
        Tensor.of(FloatArray(784), 1, 1, 28, 28).use { model.run(it) }

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
