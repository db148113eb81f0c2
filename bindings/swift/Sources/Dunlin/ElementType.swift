// The types of a tensor's elements, and the Swift types that are such elements.

/// The type of a tensor's elements. The raw value is its number in the ONNX standard (`TensorProto.DataType`).
public enum ElementType: Int32, Sendable, CaseIterable, CustomStringConvertible {
    /// IEEE single precision.
    case float32 = 1
    /// Unsigned 8 bits.
    case uint8 = 2
    /// Signed 8 bits.
    case int8 = 3
    /// Unsigned 16 bits.
    case uint16 = 4
    /// Signed 16 bits.
    case int16 = 5
    /// Signed 32 bits.
    case int32 = 6
    /// Signed 64 bits.
    case int64 = 7
    /// Text of any length.
    case string = 8
    /// One byte, 0 or 1.
    case bool = 9
    /// IEEE half precision.
    case float16 = 10
    /// IEEE double precision.
    case float64 = 11
    /// Unsigned 32 bits.
    case uint32 = 12
    /// Unsigned 64 bits.
    case uint64 = 13
    /// Two floats: real, imaginary.
    case complex64 = 14
    /// Two doubles: real, imaginary.
    case complex128 = 15
    /// The upper half of a float.
    case bfloat16 = 16
    /// 8 bits: 4 exponent, 3 mantissa, no infinities.
    case float8e4m3fn = 17
    /// 8 bits: 4 exponent, 3 mantissa, no infinities, no negative zero.
    case float8e4m3fnuz = 18
    /// 8 bits: 5 exponent, 2 mantissa.
    case float8e5m2 = 19
    /// 8 bits: 5 exponent, 2 mantissa, no infinities, no negative zero.
    case float8e5m2fnuz = 20
    /// Unsigned 4 bits, two to a byte, the first in the low bits.
    case uint4 = 21
    /// Signed 4 bits, two to a byte, the first in the low bits.
    case int4 = 22
    /// 4 bits: 2 exponent, 1 mantissa, two to a byte.
    case float4e2m1 = 23
    /// 8 bits of exponent: powers of two.
    case float8e8m0 = 24
    /// Unsigned 2 bits, four to a byte, the first in the low bits.
    case uint2 = 25
    /// Signed 2 bits, four to a byte, the first in the low bits.
    case int2 = 26
    /// 6 bits: 2 exponent, 3 mantissa, four to three bytes.
    case float6e2m3 = 27
    /// 6 bits: 3 exponent, 2 mantissa, four to three bytes.
    case float6e3m2 = 28

    /// As Dunlin's other languages and its messages write it: `float32`.
    public var description: String {
        switch self {
        case .float32: "float32"
        case .uint8: "uint8"
        case .int8: "int8"
        case .uint16: "uint16"
        case .int16: "int16"
        case .int32: "int32"
        case .int64: "int64"
        case .string: "string"
        case .bool: "bool"
        case .float16: "float16"
        case .float64: "float64"
        case .uint32: "uint32"
        case .uint64: "uint64"
        case .complex64: "complex64"
        case .complex128: "complex128"
        case .bfloat16: "bfloat16"
        case .float8e4m3fn: "float8e4m3fn"
        case .float8e4m3fnuz: "float8e4m3fnuz"
        case .float8e5m2: "float8e5m2"
        case .float8e5m2fnuz: "float8e5m2fnuz"
        case .uint4: "uint4"
        case .int4: "int4"
        case .float4e2m1: "float4e2m1"
        case .float8e8m0: "float8e8m0"
        case .uint2: "uint2"
        case .int2: "int2"
        case .float6e2m3: "float6e2m3"
        case .float6e3m2: "float6e3m2"
        }
    }

    /// How many bits an element takes; 0 for strings.
    public var bits: Int {
        switch self {
        case .string: 0
        case .uint2, .int2: 2
        case .uint4, .int4, .float4e2m1: 4
        case .float6e2m3, .float6e3m2: 6
        case .uint8, .int8, .bool, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0: 8
        case .uint16, .int16, .float16, .bfloat16: 16
        case .float32, .int32, .uint32: 32
        case .float64, .int64, .uint64, .complex64: 64
        case .complex128: 128
        }
    }
}

/// A Swift type whose values lie in memory as a tensor's elements do.
public protocol TensorElement: BitwiseCopyable, Sendable {
    /// The type of tensors with such elements.
    static var elementType: ElementType { get }
}

extension Float: TensorElement {
    /// `float32`.
    public static var elementType: ElementType { .float32 }
}

extension Double: TensorElement {
    /// `float64`.
    public static var elementType: ElementType { .float64 }
}

#if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
extension Float16: TensorElement {
    /// `float16`.
    public static var elementType: ElementType { .float16 }
}
#endif

extension Bool: TensorElement {
    /// `bool`.
    public static var elementType: ElementType { .bool }
}

extension Int8: TensorElement {
    /// `int8`.
    public static var elementType: ElementType { .int8 }
}

extension Int16: TensorElement {
    /// `int16`.
    public static var elementType: ElementType { .int16 }
}

extension Int32: TensorElement {
    /// `int32`.
    public static var elementType: ElementType { .int32 }
}

extension Int64: TensorElement {
    /// `int64`.
    public static var elementType: ElementType { .int64 }
}

extension Int: TensorElement {
    /// `int64`, or `int32` on systems of 32 bits.
    public static var elementType: ElementType {
        #if arch(arm) || arch(arm64_32) || arch(i386) || arch(wasm32)
        .int32
        #else
        .int64
        #endif
    }
}

extension UInt8: TensorElement {
    /// `uint8`.
    public static var elementType: ElementType { .uint8 }
}

extension UInt16: TensorElement {
    /// `uint16`.
    public static var elementType: ElementType { .uint16 }
}

extension UInt32: TensorElement {
    /// `uint32`.
    public static var elementType: ElementType { .uint32 }
}

extension UInt64: TensorElement {
    /// `uint64`.
    public static var elementType: ElementType { .uint64 }
}
