// What the JVM's tests check at length, once where Android's classes are: coroutines, closing, errors, what nobody closes.

package dev.dunlin

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import java.nio.ByteBuffer
import java.nio.ByteOrder

@RunWith(RobolectricTestRunner::class)
class CallTest {
    private val seven get() = mapOf("image" to Tensor.of(Samples.seven(), 1, 1, 28, 28))

    @Test
    fun `runs that suspend, and a stream`() = runBlocking(Dispatchers.Default) {
        Model.loadAsync(Samples.digits.path).use { model ->
            val answers = List(20) { async { model.runAsync(seven).tensor(0).bytes().toList() } }.awaitAll()
            assertEquals(1, answers.toSet().size)
            model.session().use { session ->
                val digits = session.runs(flow { repeat(3) { emit(seven) } }).toList()
                assertEquals(listOf(7, 7, 7), digits.map { it.tensor(0).floats().indexOfMax() })
            }
        }
    }

    @Test
    fun `direct buffers go in and come out`() {
        val pixels = ByteBuffer.allocateDirect(4 * 28 * 28).order(ByteOrder.nativeOrder())
        pixels.asFloatBuffer().put(Samples.seven())
        Model.load(Samples.digits).use { model ->
            val image = Tensor.of(ElementType.FLOAT32, pixels, 1, 1, 28, 28)
            val answer = model.run(image).tensor(0).buffer()
            assertTrue(answer.isDirect && answer.isReadOnly)
            assertTrue(answer.asFloatBuffer().get(7) > .99f)
        }
    }

    @Test
    fun `errors by kind, and what is closed`() {
        assertThrows(DunlinException.NotFound::class.java) { Model.load("no.onnx") }
        assertThrows(DunlinException.Format::class.java) { Model.load(Samples.digits.readBytes().copyOf(5_000)) }
        val model = Model.load(Samples.digits)
        val shape = assertThrows(DunlinException.Shape::class.java) { model.run(Tensor.of(FloatArray(4), 1, 1, 2, 2)) }
        assertTrue(shape.message!!, "image" in shape.message!!)
        model.close()
        assertThrows(IllegalStateException::class.java) { model.run(seven) }
    }

    @Test
    fun `memory that nobody closes is freed`() {
        val numbers = FloatArray(250_000)
        val round = {
            repeat(100) { Tensor.of(numbers).buffer() }
            settle()
        }
        round()
        val before = Samples.residentBytes()
        repeat(4) { round() }
        val grown = Samples.residentBytes() - before
        assertTrue("400 tensors of a megabyte left $grown bytes", grown < 100 shl 20)
    }

    private fun settle() {
        repeat(5) {
            System.gc()
            Thread.sleep(100)
        }
    }
}
