// Tensors: filled from arrays and memory with one copy, read where they lie without any.

internal import DunlinFFI
import Foundation

/// Elements of one type in a shape, row-major and little-endian.
///
/// Elements are copied once, as a block, when a tensor is made. They are read in place with ``withUnsafeBytes(_:)`` and ``elements(of:)``, or
/// into an array with ``array(of:)``. A tensor does not change once it is made; copies of this value share its memory, which is freed with the
/// last of them.
public struct Tensor: Sendable {
    /// The type of the elements.
    public let type: ElementType

    /// The sizes of the dimensions; empty for a scalar.
    public let shape: [Int]

    /// How many bytes the elements take; 0 for strings.
    public let byteCount: Int

    let ffi: DunlinFFI.Value
    private let address: UInt64

    /// A tensor of an array's elements; of one dimension if no shape is given.
    ///
    /// - Throws: ``DunlinError`` of the kind `shape` if the shape needs another number of elements
    public init<Element: TensorElement>(_ elements: [Element], shape: [Int]? = nil) throws {
        self = try elements.withUnsafeBytes { bytes in
            try Tensor(bytes: bytes, type: Element.elementType, shape: shape ?? [elements.count])
        }
    }

    /// A scalar.
    public init<Element: TensorElement>(scalar element: Element) throws {
        try self.init([element], shape: [])
    }

    /// A tensor of strings; of one dimension if no shape is given.
    ///
    /// - Throws: ``DunlinError`` of the kind `shape` if the shape needs another number of strings
    public init(strings: [String], shape: [Int]? = nil) throws {
        let sizes = (shape ?? [strings.count]).map(Int64.init)
        let ffi = try calling { try DunlinFFI.Value.strings(shape: sizes, strings: strings) }
        try self.init(ffi, ffi.info())
    }

    /// A tensor of any type but strings, of a copy of these bytes: the elements in row-major order, little-endian, those of less than 8 bits
    /// packed with the first in the low bits.
    ///
    /// - Throws: ``DunlinError`` of the kind `shape` if the shape needs another number of bytes
    public init(bytes: UnsafeRawBufferPointer, type: ElementType, shape: [Int]) throws {
        try self.init(type: type, shape: shape) { memory in
            guard memory.count == bytes.count else {
                throw DunlinError(.shape, "\(type)\(shape) needs \(memory.count) bytes, got \(bytes.count)")
            }
            memory.copyMemory(from: bytes)
        }
    }

    /// A tensor of any type but strings, of a copy of this data; otherwise as with bytes.
    public init(data: Data, type: ElementType, shape: [Int]) throws {
        self = try data.withUnsafeBytes { try Tensor(bytes: $0, type: type, shape: shape) }
    }

    /// A tensor of any type but strings whose elements are written where they will lie: nothing is copied. They are zeros before.
    ///
    /// - Parameter write: is given the memory, for the time of its call alone; what it throws is thrown again
    public init(
        type: ElementType,
        shape: [Int],
        initializingWith write: (UnsafeMutableRawBufferPointer) throws -> Void
    ) throws {
        let blank = try calling { try blankTensor(dtype: type.rawValue, shape: shape.map(Int64.init)) }
        (self.type, self.shape, ffi, address) = (type, shape, blank.value, blank.address)
        byteCount = Int(blank.byteLen)
        try withExtendedLifetime(ffi) {
            let start = UnsafeMutableRawPointer(bitPattern: UInt(address))
            try write(UnsafeMutableRawBufferPointer(start: start, count: byteCount))
        }
    }

    init(_ ffi: DunlinFFI.Value, _ info: ValueInfo) throws {
        guard let type = ElementType(rawValue: info.dtype) else {
            throw DunlinError(.elementType, "unknown element type \(info.dtype)")
        }
        (self.type, self.ffi, address) = (type, ffi, info.address)
        (shape, byteCount) = (info.shape.map(Int.init), Int(info.byteLen))
    }

    /// How many elements there are.
    public var count: Int { shape.reduce(1, *) }

    /// By how many elements a step in each dimension moves: row-major, without gaps.
    public var strides: [Int] { Tensor.strides(of: shape) }

    static func strides(of shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for i in shape.indices.dropLast().reversed() { strides[i] = strides[i + 1] * shape[i + 1] }
        return strides
    }

    /// Reads the bytes where they lie, which is aligned for their type. The pointer is valid for the time of the call.
    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(ffi) {
            try body(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: UInt(address)), count: byteCount))
        }
    }

    /// The elements where they lie, as a collection that keeps them alive.
    ///
    /// - Throws: ``DunlinError`` of the kind `dtype` if they are of another type
    public func elements<Element: TensorElement>(of type: Element.Type) throws -> TypedTensor<Element> {
        try TypedTensor(self)
    }

    /// A copy of the elements.
    ///
    /// - Throws: ``DunlinError`` of the kind `dtype` if they are of another type
    public func array<Element: TensorElement>(of type: Element.Type) throws -> [Element] {
        try check(Element.elementType)
        return withUnsafeBytes { bytes in
            [Element](unsafeUninitializedCapacity: count) { memory, initialized in
                UnsafeMutableRawBufferPointer(memory).copyMemory(from: bytes)
                initialized = count
            }
        }
    }

    /// The elements of a tensor of strings.
    ///
    /// - Throws: ``DunlinError`` of the kind `dtype` if they are of another type
    public func strings() throws -> [String] {
        try calling { try ffi.texts() }
    }

    /// A copy of the bytes of a tensor of any type but strings.
    public func data() -> Data {
        withUnsafeBytes { Data($0) }
    }

    func check(_ expected: ElementType) throws {
        guard type == expected else { throw DunlinError(.elementType, "the elements are \(type), not \(expected)") }
    }
}

extension Tensor: CustomStringConvertible {
    /// The type and shape, as Dunlin's messages write them: `float32[1, 10]`.
    public var description: String { "\(type)\(shape)" }
}
