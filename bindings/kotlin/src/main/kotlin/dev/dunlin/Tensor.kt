// Tensors: filled from arrays and buffers with one copy, read as a buffer without any.

package dev.dunlin

import com.sun.jna.Pointer
import dev.dunlin.ffi.ValueInfo
import dev.dunlin.ffi.ValueKind
import dev.dunlin.ffi.blankTensor
import java.nio.ByteBuffer
import java.nio.ByteOrder
import dev.dunlin.ffi.Value as FfiValue

/**
 * Elements of one type in a shape, row-major.
 *
 * Elements are copied once, as a block, when a tensor is made of an array or buffer. They are read as a buffer without a copy ([buffer]), or
 * into arrays with one.
 */
public class Tensor internal constructor(ffi: FfiValue, private val info: ValueInfo) : Value(ffi, "tensor") {
    /** The type of the elements. */
    public val type: ElementType =
        requireNotNull(ElementType.ofCode(info.dtype)) { "unknown element type ${info.dtype}" }

    /** The sizes of the dimensions; empty for a scalar. */
    public val shape: LongArray get() = info.shape.toLongArray()

    /** How many elements there are. */
    public val count: Long = info.shape.fold(1L, Long::times)

    /** How many bytes the elements take; 0 for strings. */
    public val byteCount: Long get() = info.byteLen.toLong()

    /**
     * The elements without a copy: a read-only direct buffer in the machine's byte order. It keeps the memory alive for as long as it or a
     * view of it is reachable, even if the tensor is closed.
     *
     * @throws IllegalStateException for strings, for a closed tensor, and for more than 2 GiB
     */
    public fun buffer(): ByteBuffer {
        check(type != ElementType.STRING) { "strings have no bytes: use strings()" }
        check(byteCount <= Int.MAX_VALUE) { "$byteCount bytes are too many for a buffer" }
        if (byteCount == 0L) return ByteBuffer.allocateDirect(0).asReadOnlyBuffer()
        held.acquire()
        val buffer = pointer().getByteBuffer(0, byteCount)
        // Views of a buffer hold it, so it is unreachable when all of them are.
        val kept = held
        Reaper.whenUnreachable(buffer) { kept.release() }
        return buffer.asReadOnlyBuffer().order(ByteOrder.nativeOrder())
    }

    /** The elements of a tensor of `float32`. */
    public fun floats(): FloatArray =
        FloatArray(length(4, ElementType.FLOAT32)).also { read { pointer -> pointer.read(0, it, 0, it.size) } }

    /** The elements of a tensor of `float64`. */
    public fun doubles(): DoubleArray =
        DoubleArray(length(8, ElementType.FLOAT64)).also { read { pointer -> pointer.read(0, it, 0, it.size) } }

    /** The elements of a tensor of `int32` or `uint32`. */
    public fun ints(): IntArray = IntArray(length(4, ElementType.INT32, ElementType.UINT32))
        .also { read { pointer -> pointer.read(0, it, 0, it.size) } }

    /** The elements of a tensor of `int64` or `uint64`. */
    public fun longs(): LongArray = LongArray(length(8, ElementType.INT64, ElementType.UINT64))
        .also { read { pointer -> pointer.read(0, it, 0, it.size) } }

    /** The elements of a tensor of 16 bits each: integers, or halves as their bits. */
    public fun shorts(): ShortArray = ShortArray(length(2, *of16Bits)).also {
        read { pointer -> pointer.read(0, it, 0, it.size) }
    }

    /** The bytes of a tensor of any type but strings. */
    public fun bytes(): ByteArray = ByteArray(length(1, *ElementType.entries.toTypedArray())).also {
        read { pointer -> pointer.read(0, it, 0, it.size) }
    }

    /** The elements of a tensor of `bool`. */
    public fun booleans(): BooleanArray {
        length(1, ElementType.BOOL)
        val bytes = bytes()
        return BooleanArray(bytes.size) { bytes[it] != 0.toByte() }
    }

    /** The elements of a tensor of strings. */
    public fun strings(): List<String> = held.use { ffi -> calling { ffi.texts() } }

    /** The type and shape, as Dunlin's messages write them: `float32[1, 10]`. */
    override fun toString(): String = "$type${info.shape}"

    internal fun pointer() = Pointer(info.address.toLong())

    private inline fun read(copy: (Pointer) -> Unit) {
        if (byteCount > 0) held.use { copy(pointer()) }
    }

    /** How many elements of this many bytes an array takes, if the type is one of these. */
    private fun length(elementBytes: Int, vararg types: ElementType): Int {
        check(type in types && type != ElementType.STRING) { "the elements are $type" }
        val n = byteCount / elementBytes
        check(n <= Int.MAX_VALUE) { "$n elements are too many for an array" }
        return n.toInt()
    }

    /** Makes tensors. Shapes are the sizes of the dimensions; an array without a shape becomes a tensor of one dimension. */
    public companion object {
        /** A tensor of `float32`. */
        @JvmStatic
        public fun of(elements: FloatArray, vararg shape: Long): Tensor =
            filled(ElementType.FLOAT32, sizes(shape, elements.size), 4L * elements.size) {
                it.write(0, elements, 0, elements.size)
            }

        /** A tensor of `float64`. */
        @JvmStatic
        public fun of(elements: DoubleArray, vararg shape: Long): Tensor =
            filled(ElementType.FLOAT64, sizes(shape, elements.size), 8L * elements.size) {
                it.write(0, elements, 0, elements.size)
            }

        /** A tensor of `int32`. */
        @JvmStatic
        public fun of(elements: IntArray, vararg shape: Long): Tensor =
            filled(ElementType.INT32, sizes(shape, elements.size), 4L * elements.size) {
                it.write(0, elements, 0, elements.size)
            }

        /** A tensor of `int64`. */
        @JvmStatic
        public fun of(elements: LongArray, vararg shape: Long): Tensor =
            filled(ElementType.INT64, sizes(shape, elements.size), 8L * elements.size) {
                it.write(0, elements, 0, elements.size)
            }

        /** A tensor of `int16`. */
        @JvmStatic
        public fun of(elements: ShortArray, vararg shape: Long): Tensor =
            filled(ElementType.INT16, sizes(shape, elements.size), 2L * elements.size) {
                it.write(0, elements, 0, elements.size)
            }

        /** A tensor of `uint8`, as of a picture's pixels. */
        @JvmStatic
        public fun of(elements: ByteArray, vararg shape: Long): Tensor =
            filled(ElementType.UINT8, sizes(shape, elements.size), elements.size.toLong()) {
                it.write(0, elements, 0, elements.size)
            }

        /** A tensor of `bool`. */
        @JvmStatic
        public fun of(elements: BooleanArray, vararg shape: Long): Tensor {
            val bytes = ByteArray(elements.size) { if (elements[it]) 1 else 0 }
            return filled(ElementType.BOOL, sizes(shape, bytes.size), bytes.size.toLong()) {
                it.write(0, bytes, 0, bytes.size)
            }
        }

        /** A tensor of strings. */
        @JvmStatic
        public fun of(elements: List<String>, vararg shape: Long): Tensor =
            ofStrings(elements, sizes(shape, elements.size))

        /**
         * A tensor of any type but strings, of the bytes from a buffer's position to its limit, which are little-endian and row-major; those of
         * less than 8 bits packed with the first in the low bits. Without a shape it is a scalar. The buffer is left as it was.
         *
         * @throws DunlinException.Shape if the shape needs another number of bytes
         */
        @JvmStatic
        public fun of(type: ElementType, bytes: ByteBuffer, vararg shape: Long): Tensor {
            val source = bytes.duplicate()
            val sizes = shape.toList()
            if (source.isDirect) {
                // A slice: the binding takes the address of the buffer, not of its position.
                return calling { FfiValue.tensor(type.code, sizes, source.slice()) }.let { Tensor(it, it.info()) }
            }
            return filled(type, sizes, source.remaining().toLong()) { to ->
                if (source.hasArray()) {
                    to.write(0, source.array(), source.arrayOffset() + source.position(), source.remaining())
                } else {
                    to.getByteBuffer(0, source.remaining().toLong()).put(source)
                }
            }
        }

        /** A scalar of `float32`. */
        @JvmStatic
        public fun scalar(element: Float): Tensor =
            filled(ElementType.FLOAT32, emptyList(), 4) { it.setFloat(0, element) }

        /** A scalar of `float64`. */
        @JvmStatic
        public fun scalar(element: Double): Tensor =
            filled(ElementType.FLOAT64, emptyList(), 8) { it.setDouble(0, element) }

        /** A scalar of `int32`. */
        @JvmStatic
        public fun scalar(element: Int): Tensor =
            filled(ElementType.INT32, emptyList(), 4) { it.setInt(0, element) }

        /** A scalar of `int64`. */
        @JvmStatic
        public fun scalar(element: Long): Tensor =
            filled(ElementType.INT64, emptyList(), 8) { it.setLong(0, element) }

        /** A scalar that is a string. */
        @JvmStatic
        public fun scalar(element: String): Tensor = ofStrings(listOf(element), emptyList())

        private fun ofStrings(elements: List<String>, sizes: List<Long>): Tensor =
            calling { FfiValue.strings(sizes, elements) }.let { Tensor(it, it.info()) }

        /** A tensor whose elements [write] puts in their place. */
        internal inline fun filled(
            type: ElementType,
            sizes: List<Long>,
            byteCount: Long,
            write: (Pointer) -> Unit,
        ): Tensor {
            val blank = calling { blankTensor(type.code, sizes) }
            val info = ValueInfo(ValueKind.TENSOR, type.code, sizes, blank.address, blank.byteLen)
            val tensor = Tensor(blank.value, info)
            if (tensor.byteCount != byteCount) {
                tensor.close()
                throw DunlinException.shape("$tensor needs ${tensor.byteCount} bytes, got $byteCount")
            }
            if (byteCount > 0) write(tensor.pointer())
            return tensor
        }

        private fun sizes(shape: LongArray, n: Int): List<Long> =
            if (shape.isEmpty()) listOf(n.toLong()) else shape.toList()

        private val of16Bits = ElementType.entries.filter { it.bits == 16 }.toTypedArray()

        init {
            check(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) { "Dunlin's tensors are little-endian" }
        }
    }
}
