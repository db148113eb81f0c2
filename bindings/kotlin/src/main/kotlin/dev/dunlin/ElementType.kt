// The types of a tensor's elements.

package dev.dunlin

/**
 * The type of a tensor's elements.
 *
 * @property code its number in the ONNX standard (`TensorProto.DataType`)
 * @property bits how many bits an element takes; 0 for [STRING]
 */
public enum class ElementType(public val code: Int, public val bits: Int) {
    /** IEEE single precision. */
    FLOAT32(1, 32),

    /** Unsigned 8 bits. */
    UINT8(2, 8),

    /** Signed 8 bits. */
    INT8(3, 8),

    /** Unsigned 16 bits. */
    UINT16(4, 16),

    /** Signed 16 bits. */
    INT16(5, 16),

    /** Signed 32 bits. */
    INT32(6, 32),

    /** Signed 64 bits. */
    INT64(7, 64),

    /** Text of any length. */
    STRING(8, 0),

    /** One byte, 0 or 1. */
    BOOL(9, 8),

    /** IEEE half precision. */
    FLOAT16(10, 16),

    /** IEEE double precision. */
    FLOAT64(11, 64),

    /** Unsigned 32 bits. */
    UINT32(12, 32),

    /** Unsigned 64 bits. */
    UINT64(13, 64),

    /** Two floats: real, imaginary. */
    COMPLEX64(14, 64),

    /** Two doubles: real, imaginary. */
    COMPLEX128(15, 128),

    /** The upper half of a float. */
    BFLOAT16(16, 16),

    /** 8 bits: 4 exponent, 3 mantissa, no infinities. */
    FLOAT8E4M3FN(17, 8),

    /** 8 bits: 4 exponent, 3 mantissa, no infinities, no negative zero. */
    FLOAT8E4M3FNUZ(18, 8),

    /** 8 bits: 5 exponent, 2 mantissa. */
    FLOAT8E5M2(19, 8),

    /** 8 bits: 5 exponent, 2 mantissa, no infinities, no negative zero. */
    FLOAT8E5M2FNUZ(20, 8),

    /** Unsigned 4 bits, two to a byte, the first in the low bits. */
    UINT4(21, 4),

    /** Signed 4 bits, two to a byte, the first in the low bits. */
    INT4(22, 4),

    /** 4 bits: 2 exponent, 1 mantissa, two to a byte. */
    FLOAT4E2M1(23, 4),

    /** 8 bits of exponent: powers of two. */
    FLOAT8E8M0(24, 8),

    /** Unsigned 2 bits, four to a byte, the first in the low bits. */
    UINT2(25, 2),

    /** Signed 2 bits, four to a byte, the first in the low bits. */
    INT2(26, 2),

    /** 6 bits: 2 exponent, 3 mantissa, four to three bytes. */
    FLOAT6E2M3(27, 6),

    /** 6 bits: 3 exponent, 2 mantissa, four to three bytes. */
    FLOAT6E3M2(28, 6),
    ;

    /** As Dunlin's other languages and its messages write it: `float32`. */
    override fun toString(): String = name.lowercase()

    /** Looks types up. */
    public companion object {
        private val byCode = entries.associateBy(ElementType::code)

        /** The type with this number in the standard, or null. */
        @JvmStatic
        public fun ofCode(code: Int): ElementType? = byCode[code]
    }
}
