// Tensors and containers: what goes in comes out, and what does not fit is refused.

package dev.dunlin

import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer

class TensorTest {
    @Test
    fun `arrays come out as they went in`() {
        assertArrayEquals(floatArrayOf(1f, -2f, Float.NaN), Tensor.of(floatArrayOf(1f, -2f, Float.NaN)).floats())
        assertArrayEquals(doubleArrayOf(1.0, -2.0), Tensor.of(doubleArrayOf(1.0, -2.0), 2, 1).doubles())
        assertArrayEquals(intArrayOf(1, Int.MIN_VALUE), Tensor.of(intArrayOf(1, Int.MIN_VALUE)).ints())
        assertArrayEquals(longArrayOf(1, Long.MIN_VALUE), Tensor.of(longArrayOf(1, Long.MIN_VALUE)).longs())
        assertArrayEquals(shortArrayOf(1, -1), Tensor.of(shortArrayOf(1, -1)).shorts())
        assertArrayEquals(byteArrayOf(1, -1), Tensor.of(byteArrayOf(1, -1)).bytes())
        assertArrayEquals(booleanArrayOf(true, false), Tensor.of(booleanArrayOf(true, false)).booleans())
        assertEquals(listOf("schön", "", "日本"), Tensor.of(listOf("schön", "", "日本")).strings())
    }

    @Test
    fun `buffers of every kind are copied as they are`() {
        val bytes = byteArrayOf(9, 1, 2, 3, 4, 9)
        val direct = ByteBuffer.allocateDirect(6).put(bytes)
        val buffers = listOf(ByteBuffer.wrap(bytes), ByteBuffer.wrap(bytes).asReadOnlyBuffer(), direct)
        for (buffer in buffers) {
            buffer.position(1).limit(5)
            val tensor = Tensor.of(ElementType.UINT16, buffer, 2)
            assertArrayEquals(byteArrayOf(1, 2, 3, 4), tensor.bytes())
            assertArrayEquals(shortArrayOf(0x201, 0x403), tensor.shorts())
            assertEquals(1, buffer.position())
        }
    }

    @Test
    fun `shapes are of one dimension, of many, or of none`() {
        assertEquals(listOf(3L), Tensor.of(IntArray(3)).shape.toList())
        assertEquals(listOf(1L), Tensor.of(IntArray(1)).shape.toList())
        assertEquals(listOf(3L, 2L), Tensor.of(IntArray(6), 3, 2).shape.toList())
        assertEquals(emptyList<Long>(), Tensor.scalar(1L).shape.toList())
        assertEquals(listOf("x"), Tensor.scalar("x").strings())
        assertArrayEquals(FloatArray(0), Tensor.of(FloatArray(0)).floats())
        assertEquals(0, Tensor.of(FloatArray(0), 0, 5).buffer().remaining())
        assertEquals("float32[3, 2]", Tensor.of(FloatArray(6), 3, 2).toString())
    }

    @Test
    fun `what does not fit is refused`() {
        assertThrows(DunlinException.Shape::class.java) { Tensor.of(FloatArray(3), 2, 2) }
        assertThrows(DunlinException.Shape::class.java) { Tensor.of(FloatArray(3), -3) }
        assertThrows(DunlinException.Shape::class.java) { Tensor.of(ElementType.FLOAT32, ByteBuffer.allocateDirect(3), 1) }
        assertThrows(DunlinException.Limit::class.java) { Tensor.of(FloatArray(3), Long.MAX_VALUE, 9) }
        assertThrows(DunlinException.ElementTypes::class.java) { Tensor.of(ElementType.STRING, ByteBuffer.allocateDirect(3), 3) }
        assertThrows(IllegalStateException::class.java) { Tensor.of(FloatArray(3)).ints() }
        assertThrows(IllegalStateException::class.java) { Tensor.of(FloatArray(3)).apply { close() }.floats() }
        assertThrows(IllegalStateException::class.java) { Tensor.of(listOf("x")).buffer() }
    }

    @Test
    fun `containers are taken apart again`() {
        val map = MapValue.of(Tensor.of(longArrayOf(3, 4)), listOf(Tensor.scalar(1f), Tensor.scalar(2f)))
        val sequence = SequenceValue.of(listOf(map, OptionalValue.of(null), OptionalValue.of(map)))
        val (first, none, some) = sequence.values
        assertArrayEquals(longArrayOf(3, 4), (first as MapValue).keys.longs())
        assertEquals(2f, (first.values[1] as Tensor).floats().single())
        assertEquals(null, (none as OptionalValue).value)
        assertEquals(2, ((some as OptionalValue).value as MapValue).values.size)
        assertThrows(DunlinException.Shape::class.java) { MapValue.of(Tensor.of(longArrayOf(3)), emptyList()) }
    }
}
