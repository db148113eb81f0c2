// What goes wrong, by kind, and what the exception tells of it.

package dev.dunlin

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ErrorTest {
    private val image get() = Tensor.of(Samples.seven(), 1, 1, 28, 28)

    @Test
    fun `a file that is not there`() {
        val error = assertThrows(DunlinException.NotFound::class.java) { Model.load("no.onnx") }
        assertEquals("not-found", error.kind)
        assertEquals("no.onnx", error.file)
        assertTrue(error.message!!.contains("no.onnx"))
    }

    @Test
    fun `bytes that are no model, and a model that is too large`() {
        val damaged = Samples.digits.readBytes().copyOf(5_000)
        assertThrows(DunlinException.Format::class.java) { Model.load(damaged) }
        val options = LoadOptions().apply { limits[LimitKind.FILE_BYTES] = 100 }
        assertThrows(DunlinException.Limit::class.java) { Model.load(Samples.digits, options) }
        val device = LoadOptions().apply { device = "abacus" }
        assertThrows(DunlinException.Device::class.java) { Model.load(Samples.digits, device) }
        val pass = LoadOptions().apply { disabledPasses.add("no-such-pass") }
        assertThrows(DunlinException.NotFound::class.java) { Model.load(Samples.digits, pass) }
    }

    @Test
    fun `inputs that do not fit`() {
        Model.load(Samples.digits).use { model ->
            val small = Tensor.of(FloatArray(4), 1, 1, 2, 2)
            val shape = assertThrows(DunlinException.Shape::class.java) { model.run(mapOf("image" to small)) }
            assertTrue(shape.message!!.contains("image"))
            val ints = Tensor.of(IntArray(784), 1, 1, 28, 28)
            val type = assertThrows(DunlinException.ElementTypes::class.java) { model.run(ints) }
            assertEquals("dtype", type.kind)
            assertThrows(DunlinException.NotFound::class.java) { model.run(mapOf("picture" to image)) }
            assertThrows(DunlinException.Input::class.java) { model.run(emptyMap()) }
        }
    }

    @Test
    fun `what is closed cannot be used, and what uses it goes on`() {
        val model = Model.load(Samples.digits)
        val session = model.session()
        val input = image
        model.close()
        model.close()
        assertThrows(IllegalStateException::class.java) { model.run(input) }
        session.run(input).use { assertEquals(7, it.tensor(0).floats().indexOfMax()) }
        input.close()
        assertThrows(IllegalStateException::class.java) { session.run(input) }
        session.close()
    }

    @Test
    fun `what a callback throws is thrown by the load`() {
        val options = LoadOptions().apply { progress = { _, _ -> throw UnsupportedOperationException("on purpose") } }
        val error = assertThrows(UnsupportedOperationException::class.java) { Model.load(Samples.digits, options) }
        assertEquals("on purpose", error.message)
    }

    @Test
    fun `names of outputs and states are checked`() {
        Model.load(Samples.digits).use { model ->
            assertThrows(NoSuchElementException::class.java) { model.run(image).tensor("no such output") }
            model.session().use { session ->
                assertThrows(DunlinException.NotFound::class.java) { session.state("no such state") }
            }
        }
        val options = LoadOptions().apply { states["image"] = "no such output" }
        assertThrows(DunlinException.NotFound::class.java) { Model.load(Samples.digits, options) }
    }
}
