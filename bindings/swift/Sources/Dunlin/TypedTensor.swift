// A tensor whose element type is known, as a collection.

/// The elements of a tensor where they lie: a collection in row-major order that keeps the tensor's memory alive.
///
/// Shape, strides and subscripts are as `MLShapedArray` has them.
public struct TypedTensor<Element: TensorElement>: RandomAccessCollection, Sendable {
    /// The tensor whose elements these are.
    public let tensor: Tensor

    /// The sizes of the dimensions.
    public var shape: [Int] { tensor.shape }

    /// By how many elements a step in each dimension moves.
    public let strides: [Int]

    /// How many elements there are.
    public let count: Int

    /// Always 0.
    public var startIndex: Int { 0 }

    /// The number of elements.
    public var endIndex: Int { count }

    /// The elements of a tensor.
    ///
    /// - Throws: ``DunlinError`` of the kind `dtype` if they are of another type
    public init(_ tensor: Tensor) throws {
        try tensor.check(Element.elementType)
        (self.tensor, strides, count) = (tensor, tensor.strides, tensor.count)
    }

    /// A tensor of an array's elements; of one dimension if no shape is given.
    public init(_ elements: [Element], shape: [Int]? = nil) throws {
        try self.init(Tensor(elements, shape: shape))
    }

    /// The element at a position in row-major order.
    public subscript(position: Int) -> Element {
        precondition(0 <= position && position < count, "position \(position) of \(count)")
        return tensor.withUnsafeBytes {
            $0.load(fromByteOffset: position * MemoryLayout<Element>.stride, as: Element.self)
        }
    }

    /// The element at these indices, one for each dimension.
    public subscript(at indices: Int...) -> Element {
        precondition(indices.count == shape.count, "\(indices.count) indices for \(shape.count) dimensions")
        var position = 0
        for (i, index) in indices.enumerated() {
            precondition(0 <= index && index < shape[i], "index \(index) of \(shape[i])")
            position += index * strides[i]
        }
        return self[position]
    }

    /// Reads the elements where they lie. The pointer is valid for the time of the call.
    public func withUnsafeBufferPointer<R>(_ body: (UnsafeBufferPointer<Element>) throws -> R) rethrows -> R {
        try tensor.withUnsafeBytes { try body($0.bindMemory(to: Element.self)) }
    }

    /// As ``withUnsafeBufferPointer(_:)``: algorithms of the standard library use it.
    public func withContiguousStorageIfAvailable<R>(
        _ body: (UnsafeBufferPointer<Element>) throws -> R
    ) rethrows -> R? {
        try withUnsafeBufferPointer(body)
    }
}
