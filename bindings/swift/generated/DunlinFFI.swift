// Written by `cargo xtask bindings` from crates/uniffi: do not change it here.

import Foundation

// Depending on the consumer's build setup, the low-level FFI code
// might be in a separate module, or it might be compiled inline into
// this module. This is a bit of light hackery to work with both.
#if canImport(CDunlinFFI)
import CDunlinFFI
#endif

fileprivate extension RustBuffer {
    // Allocate a new buffer, copying the contents of a `UInt8` array.
    init(bytes: [UInt8]) {
        let rbuf = bytes.withUnsafeBufferPointer { ptr in
            RustBuffer.from(ptr)
        }
        self.init(capacity: rbuf.capacity, len: rbuf.len, data: rbuf.data)
    }

    static func empty() -> RustBuffer {
        RustBuffer(capacity: 0, len:0, data: nil)
    }

    static func from(_ ptr: UnsafeBufferPointer<UInt8>) -> RustBuffer {
        try! rustCall { ffi_dunlin_uniffi_rustbuffer_from_bytes(ForeignBytes(bufferPointer: ptr), $0) }
    }

    // Frees the buffer in place.
    // The buffer must not be used after this is called.
    func deallocate() {
        try! rustCall { ffi_dunlin_uniffi_rustbuffer_free(self, $0) }
    }
}

fileprivate extension ForeignBytes {
    init(bufferPointer: UnsafeBufferPointer<UInt8>) {
        self.init(len: Int32(bufferPointer.count), data: bufferPointer.baseAddress)
    }

    init(rawBufferPointer: UnsafeRawBufferPointer) {
        self.init(
            len: Int32(rawBufferPointer.count),
            data: rawBufferPointer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        )
    }
}

// Converter for `&[u8]` / `[ByRef] bytes` arguments.
//
// Conforms to `FfiConverter` so the compiler enforces the full converter
// method set. Only the scope-bound `lower(_:_body:)` overload is sound —
// zero-copy byte buffers only flow foreign -> Rust, and only in argument
// position. The four protocol-witness methods (`lift`, `lower`, `read`,
// `write`) `fatalError` at runtime if anyone reaches them.
//
// The scope-bound `lower` takes a closure because the `ForeignBytes`
// pointer is only guaranteed valid for the duration of
// `Data.withUnsafeBytes`. Callers must run the full FFI call inside
// the closure body.
fileprivate enum FfiConverterByRefBytes: FfiConverter {
    typealias SwiftType = Data
    typealias FfiType = ForeignBytes

    static func lower<R>(_ value: Data, _ body: (ForeignBytes) throws -> R) rethrows -> R {
        return try value.withUnsafeBytes { rawBuf in
            try body(ForeignBytes(rawBufferPointer: rawBuf))
        }
    }

    static func lower(_ value: Data) -> ForeignBytes {
        fatalError("ByRef bytes cannot use the plain lower: returning ForeignBytes escapes the Data.withUnsafeBytes scope. Use the scope-bound lower(_:_body:) overload instead.")
    }

    static func lift(_ value: ForeignBytes) throws -> Data {
        fatalError("ByRef bytes cannot be lifted: zero-copy &[u8] only flows foreign->Rust")
    }

    static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Data {
        fatalError("ByRef bytes cannot be read from a buffer: zero-copy &[u8] is only supported in argument position, not nested in records/options/etc.")
    }

    static func write(_ value: Data, into buf: inout [UInt8]) {
        fatalError("ByRef bytes cannot be written to a buffer: zero-copy &[u8] is only supported in argument position, not nested in records/options/etc.")
    }
}

// For every type used in the interface, we provide helper methods for conveniently
// lifting and lowering that type from C-compatible data, and for reading and writing
// values of that type in a buffer.

// Helper classes/extensions that don't change.
// Someday, this will be in a library of its own.

fileprivate extension Data {
    init(rustBuffer: RustBuffer) {
        self.init(
            bytesNoCopy: rustBuffer.data!,
            count: Int(rustBuffer.len),
            deallocator: .none
        )
    }
}

// Define reader functionality.  Normally this would be defined in a class or
// struct, but we use standalone functions instead in order to make external
// types work.
//
// With external types, one swift source file needs to be able to call the read
// method on another source file's FfiConverter, but then what visibility
// should Reader have?
// - If Reader is fileprivate, then this means the read() must also
//   be fileprivate, which doesn't work with external types.
// - If Reader is internal/public, we'll get compile errors since both source
//   files will try define the same type.
//
// Instead, the read() method and these helper functions input a tuple of data

fileprivate func createReader(data: Data) -> (data: Data, offset: Data.Index) {
    (data: data, offset: 0)
}

// Reads an integer at the current offset, in big-endian order, and advances
// the offset on success. Throws if reading the integer would move the
// offset past the end of the buffer.
fileprivate func readInt<T: FixedWidthInteger>(_ reader: inout (data: Data, offset: Data.Index)) throws -> T {
    let range = reader.offset..<reader.offset + MemoryLayout<T>.size
    guard reader.data.count >= range.upperBound else {
        throw UniffiInternalError.bufferOverflow
    }
    if T.self == UInt8.self {
        let value = reader.data[reader.offset]
        reader.offset += 1
        return value as! T
    }
    var value: T = 0
    let _ = withUnsafeMutableBytes(of: &value, { reader.data.copyBytes(to: $0, from: range)})
    reader.offset = range.upperBound
    return value.bigEndian
}

// Reads an arbitrary number of bytes, to be used to read
// raw bytes, this is useful when lifting strings
fileprivate func readBytes(_ reader: inout (data: Data, offset: Data.Index), count: Int) throws -> Array<UInt8> {
    let range = reader.offset..<(reader.offset+count)
    guard reader.data.count >= range.upperBound else {
        throw UniffiInternalError.bufferOverflow
    }
    var value = [UInt8](repeating: 0, count: count)
    value.withUnsafeMutableBufferPointer({ buffer in
        reader.data.copyBytes(to: buffer, from: range)
    })
    reader.offset = range.upperBound
    return value
}

// Reads a float at the current offset.
fileprivate func readFloat(_ reader: inout (data: Data, offset: Data.Index)) throws -> Float {
    return Float(bitPattern: try readInt(&reader))
}

// Reads a float at the current offset.
fileprivate func readDouble(_ reader: inout (data: Data, offset: Data.Index)) throws -> Double {
    return Double(bitPattern: try readInt(&reader))
}

// Indicates if the offset has reached the end of the buffer.
fileprivate func hasRemaining(_ reader: (data: Data, offset: Data.Index)) -> Bool {
    return reader.offset < reader.data.count
}

// Define writer functionality.  Normally this would be defined in a class or
// struct, but we use standalone functions instead in order to make external
// types work.  See the above discussion on Readers for details.

fileprivate func createWriter() -> [UInt8] {
    return []
}

fileprivate func writeBytes<S>(_ writer: inout [UInt8], _ byteArr: S) where S: Sequence, S.Element == UInt8 {
    writer.append(contentsOf: byteArr)
}

// Writes an integer in big-endian order.
//
// Warning: make sure what you are trying to write
// is in the correct type!
fileprivate func writeInt<T: FixedWidthInteger>(_ writer: inout [UInt8], _ value: T) {
    var value = value.bigEndian
    withUnsafeBytes(of: &value) { writer.append(contentsOf: $0) }
}

fileprivate func writeFloat(_ writer: inout [UInt8], _ value: Float) {
    writeInt(&writer, value.bitPattern)
}

fileprivate func writeDouble(_ writer: inout [UInt8], _ value: Double) {
    writeInt(&writer, value.bitPattern)
}

// Protocol for types that transfer other types across the FFI. This is
// analogous to the Rust trait of the same name.
fileprivate protocol FfiConverter {
    associatedtype FfiType
    associatedtype SwiftType

    static func lift(_ value: FfiType) throws -> SwiftType
    static func lower(_ value: SwiftType) -> FfiType
    static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> SwiftType
    static func write(_ value: SwiftType, into buf: inout [UInt8])
}

// Types conforming to `Primitive` pass themselves directly over the FFI.
fileprivate protocol FfiConverterPrimitive: FfiConverter where FfiType == SwiftType { }

extension FfiConverterPrimitive {
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public static func lift(_ value: FfiType) throws -> SwiftType {
        return value
    }

#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public static func lower(_ value: SwiftType) -> FfiType {
        return value
    }
}

// Types conforming to `FfiConverterRustBuffer` lift and lower into a `RustBuffer`.
// Used for complex types where it's hard to write a custom lift/lower.
fileprivate protocol FfiConverterRustBuffer: FfiConverter where FfiType == RustBuffer {}

extension FfiConverterRustBuffer {
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public static func lift(_ buf: RustBuffer) throws -> SwiftType {
        var reader = createReader(data: Data(rustBuffer: buf))
        let value = try read(from: &reader)
        if hasRemaining(reader) {
            throw UniffiInternalError.incompleteData
        }
        buf.deallocate()
        return value
    }

#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public static func lower(_ value: SwiftType) -> RustBuffer {
          var writer = createWriter()
          write(value, into: &writer)
          return RustBuffer(bytes: writer)
    }
}
// An error type for FFI errors. These errors occur at the UniFFI level, not
// the library level.
fileprivate enum UniffiInternalError: LocalizedError {
    case bufferOverflow
    case incompleteData
    case unexpectedOptionalTag
    case unexpectedEnumCase
    case unexpectedNullPointer
    case unexpectedRustCallStatusCode
    case unexpectedRustCallError
    case unexpectedStaleHandle
    case rustPanic(_ message: String)

    public var errorDescription: String? {
        switch self {
        case .bufferOverflow: return "Reading the requested value would read past the end of the buffer"
        case .incompleteData: return "The buffer still has data after lifting its containing value"
        case .unexpectedOptionalTag: return "Unexpected optional tag; should be 0 or 1"
        case .unexpectedEnumCase: return "Raw enum value doesn't match any cases"
        case .unexpectedNullPointer: return "Raw pointer value was null"
        case .unexpectedRustCallStatusCode: return "Unexpected RustCallStatus code"
        case .unexpectedRustCallError: return "CALL_ERROR but no errorClass specified"
        case .unexpectedStaleHandle: return "The object in the handle map has been dropped already"
        case let .rustPanic(message): return message
        }
    }
}

fileprivate extension NSLock {
    func withLock<T>(f: () throws -> T) rethrows -> T {
        self.lock()
        defer { self.unlock() }
        return try f()
    }
}

fileprivate let CALL_SUCCESS: Int8 = 0
fileprivate let CALL_ERROR: Int8 = 1
fileprivate let CALL_UNEXPECTED_ERROR: Int8 = 2
fileprivate let CALL_CANCELLED: Int8 = 3

fileprivate extension RustCallStatus {
    init() {
        self.init(
            code: CALL_SUCCESS,
            errorBuf: RustBuffer.init(
                capacity: 0,
                len: 0,
                data: nil
            )
        )
    }
}

private func rustCall<T>(_ callback: (UnsafeMutablePointer<RustCallStatus>) -> T) throws -> T {
    let neverThrow: ((RustBuffer) throws -> Never)? = nil
    return try makeRustCall(callback, errorHandler: neverThrow)
}

private func rustCallWithError<T, E: Swift.Error>(
    _ errorHandler: @escaping (RustBuffer) throws -> E,
    _ callback: (UnsafeMutablePointer<RustCallStatus>) -> T) throws -> T {
    try makeRustCall(callback, errorHandler: errorHandler)
}

private func makeRustCall<T, E: Swift.Error>(
    _ callback: (UnsafeMutablePointer<RustCallStatus>) -> T,
    errorHandler: ((RustBuffer) throws -> E)?
) throws -> T {
    uniffiEnsureDunlinUniffiInitialized()
    var callStatus = RustCallStatus.init()
    let returnedVal = callback(&callStatus)
    try uniffiCheckCallStatus(callStatus: callStatus, errorHandler: errorHandler)
    return returnedVal
}

private func uniffiCheckCallStatus<E: Swift.Error>(
    callStatus: RustCallStatus,
    errorHandler: ((RustBuffer) throws -> E)?
) throws {
    switch callStatus.code {
        case CALL_SUCCESS:
            return

        case CALL_ERROR:
            if let errorHandler = errorHandler {
                throw try errorHandler(callStatus.errorBuf)
            } else {
                callStatus.errorBuf.deallocate()
                throw UniffiInternalError.unexpectedRustCallError
            }

        case CALL_UNEXPECTED_ERROR:
            // When the rust code sees a panic, it tries to construct a RustBuffer
            // with the message.  But if that code panics, then it just sends back
            // an empty buffer.
            if callStatus.errorBuf.len > 0 {
                throw UniffiInternalError.rustPanic(try FfiConverterString.lift(callStatus.errorBuf))
            } else {
                callStatus.errorBuf.deallocate()
                throw UniffiInternalError.rustPanic("Rust panic")
            }

        case CALL_CANCELLED:
            fatalError("Cancellation not supported yet")

        default:
            throw UniffiInternalError.unexpectedRustCallStatusCode
    }
}

private func uniffiTraitInterfaceCall<T>(
    callStatus: UnsafeMutablePointer<RustCallStatus>,
    makeCall: () throws -> T,
    writeReturn: (T) -> ()
) {
    do {
        try writeReturn(makeCall())
    } catch let error {
        callStatus.pointee.code = CALL_UNEXPECTED_ERROR
        callStatus.pointee.errorBuf = FfiConverterString.lower(String(describing: error))
    }
}

private func uniffiTraitInterfaceCallWithError<T, E>(
    callStatus: UnsafeMutablePointer<RustCallStatus>,
    makeCall: () throws -> T,
    writeReturn: (T) -> (),
    lowerError: (E) -> RustBuffer
) {
    do {
        try writeReturn(makeCall())
    } catch let error as E {
        callStatus.pointee.code = CALL_ERROR
        callStatus.pointee.errorBuf = lowerError(error)
    } catch {
        callStatus.pointee.code = CALL_UNEXPECTED_ERROR
        callStatus.pointee.errorBuf = FfiConverterString.lower(String(describing: error))
    }
}
// Initial value and increment amount for handles.
// These ensure that SWIFT handles always have the lowest bit set
fileprivate let UNIFFI_HANDLEMAP_INITIAL: UInt64 = 1
fileprivate let UNIFFI_HANDLEMAP_DELTA: UInt64 = 2

fileprivate final class UniffiHandleMap<T>: @unchecked Sendable {
    // All mutation happens with this lock held, which is why we implement @unchecked Sendable.
    private let lock = NSLock()
    private var map: [UInt64: T] = [:]
    private var currentHandle: UInt64 = UNIFFI_HANDLEMAP_INITIAL

    func insert(obj: T) -> UInt64 {
        lock.withLock {
            return doInsert(obj)
        }
    }

    // Low-level insert function, this assumes `lock` is held.
    private func doInsert(_ obj: T) -> UInt64 {
        let handle = currentHandle
        currentHandle += UNIFFI_HANDLEMAP_DELTA
        map[handle] = obj
        return handle
    }

     func get(handle: UInt64) throws -> T {
        try lock.withLock {
            guard let obj = map[handle] else {
                throw UniffiInternalError.unexpectedStaleHandle
            }
            return obj
        }
    }

     func clone(handle: UInt64) throws -> UInt64 {
        try lock.withLock {
            guard let obj = map[handle] else {
                throw UniffiInternalError.unexpectedStaleHandle
            }
            return doInsert(obj)
        }
    }

    @discardableResult
    func remove(handle: UInt64) throws -> T {
        try lock.withLock {
            guard let obj = map.removeValue(forKey: handle) else {
                throw UniffiInternalError.unexpectedStaleHandle
            }
            return obj
        }
    }

    var count: Int {
        get {
            map.count
        }
    }
}


// Public interface members begin here.
// Magic number for the Rust proxy to call using the same mechanism as every other method,
// to free the callback once it's dropped by Rust.
private let IDX_CALLBACK_FREE: Int32 = 0
// Callback return codes
private let UNIFFI_CALLBACK_SUCCESS: Int32 = 0
private let UNIFFI_CALLBACK_ERROR: Int32 = 1
private let UNIFFI_CALLBACK_UNEXPECTED_ERROR: Int32 = 2

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterUInt32: FfiConverterPrimitive {
    typealias FfiType = UInt32
    typealias SwiftType = UInt32

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> UInt32 {
        return try lift(readInt(&buf))
    }

    public static func write(_ value: SwiftType, into buf: inout [UInt8]) {
        writeInt(&buf, lower(value))
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterInt32: FfiConverterPrimitive {
    typealias FfiType = Int32
    typealias SwiftType = Int32

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Int32 {
        return try lift(readInt(&buf))
    }

    public static func write(_ value: Int32, into buf: inout [UInt8]) {
        writeInt(&buf, lower(value))
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterUInt64: FfiConverterPrimitive {
    typealias FfiType = UInt64
    typealias SwiftType = UInt64

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> UInt64 {
        return try lift(readInt(&buf))
    }

    public static func write(_ value: SwiftType, into buf: inout [UInt8]) {
        writeInt(&buf, lower(value))
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterInt64: FfiConverterPrimitive {
    typealias FfiType = Int64
    typealias SwiftType = Int64

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Int64 {
        return try lift(readInt(&buf))
    }

    public static func write(_ value: Int64, into buf: inout [UInt8]) {
        writeInt(&buf, lower(value))
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterFloat: FfiConverterPrimitive {
    typealias FfiType = Float
    typealias SwiftType = Float

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Float {
        return try lift(readFloat(&buf))
    }

    public static func write(_ value: Float, into buf: inout [UInt8]) {
        writeFloat(&buf, lower(value))
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterBool : FfiConverter {
    typealias FfiType = Int8
    typealias SwiftType = Bool

    public static func lift(_ value: Int8) throws -> Bool {
        return value != 0
    }

    public static func lower(_ value: Bool) -> Int8 {
        return value ? 1 : 0
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Bool {
        return try lift(readInt(&buf))
    }

    public static func write(_ value: Bool, into buf: inout [UInt8]) {
        writeInt(&buf, lower(value))
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterString: FfiConverter {
    typealias SwiftType = String
    typealias FfiType = RustBuffer

    public static func lift(_ value: RustBuffer) throws -> String {
        defer {
            value.deallocate()
        }
        if value.data == nil {
            return String()
        }
        let bytes = UnsafeBufferPointer<UInt8>(start: value.data!, count: Int(value.len))
        // Use Swift's native UTF-8 decoder; `String(bytes:encoding:.utf8)` goes
        // through Foundation's NSString and silently strips a leading U+FEFF BOM.
        // Invalid UTF-8 substitutes U+FFFD instead of trapping (unreachable
        // given Rust's `String` invariant).
        return String(decoding: bytes, as: UTF8.self)
    }

    public static func lower(_ value: String) -> RustBuffer {
        return value.utf8CString.withUnsafeBufferPointer { ptr in
            // The swift string gives us int8_t, we want uint8_t.
            ptr.withMemoryRebound(to: UInt8.self) { ptr in
                // The swift string gives us a trailing null byte, we don't want it.
                let buf = UnsafeBufferPointer(rebasing: ptr.prefix(upTo: ptr.count - 1))
                return RustBuffer.from(buf)
            }
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> String {
        let len: Int32 = try readInt(&buf)
        // See `lift` above for why we avoid Foundation's NSString-backed decoder here.
        return String(decoding: try readBytes(&buf, count: Int(len)), as: UTF8.self)
    }

    public static func write(_ value: String, into buf: inout [UInt8]) {
        let len = Int32(value.utf8.count)
        writeInt(&buf, len)
        writeBytes(&buf, value.utf8)
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterData: FfiConverterRustBuffer {
    typealias SwiftType = Data

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Data {
        let len: Int32 = try readInt(&buf)
        return Data(try readBytes(&buf, count: Int(len)))
    }

    public static func write(_ value: Data, into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        writeBytes(&buf, value)
    }
}




/**
 * A switch that ends the loads and runs that it was given to. It is turned on once and stays on.
 */
public protocol CancelProtocol: AnyObject, Sendable {

    /**
     * Turns it on, from any thread: loads and runs end with the kind `cancelled`, and later ones end at once.
     */
    func cancel()

    /**
     * Whether it is on.
     */
    func isCancelled()  -> Bool

}
/**
 * A switch that ends the loads and runs that it was given to. It is turned on once and stays on.
 */
open class Cancel: CancelProtocol, @unchecked Sendable {
    fileprivate let handle: UInt64

    /// Used to instantiate a [FFIObject] without an actual handle, for fakes in tests, mostly.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public struct NoHandle {
        public init() {}
    }

    // TODO: We'd like this to be `private` but for Swifty reasons,
    // we can't implement `FfiConverter` without making this `required` and we can't
    // make it `required` without making it `public`.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    required public init(unsafeFromHandle handle: UInt64) {
        self.handle = handle
    }

    // This constructor can be used to instantiate a fake object.
    // - Parameter noHandle: Placeholder value so we can have a constructor separate from the default empty one that may be implemented for classes extending [FFIObject].
    //
    // - Warning:
    //     Any object instantiated with this constructor cannot be passed to an actual Rust-backed object. Since there isn't a backing handle the FFI lower functions will crash.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public init(noHandle: NoHandle) {
        self.handle = 0
    }

#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public func uniffiCloneHandle() -> UInt64 {
        return try! rustCall { uniffi_dunlin_uniffi_fn_clone_cancel(self.handle, $0) }
    }
    /**
     * A switch that is off.
     */
public convenience init() {
    let handle =
        try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_constructor_cancel_new(uniffiCallStatus
    )
}
    self.init(unsafeFromHandle: handle)
}

    deinit {
        if handle == 0 {
            // Mock objects have handle=0 don't try to free them
            return
        }

        try! rustCall { uniffi_dunlin_uniffi_fn_free_cancel(handle, $0) }
    }




    /**
     * Turns it on, from any thread: loads and runs end with the kind `cancelled`, and later ones end at once.
     */
open func cancel()  {try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_cancel_cancel(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
}
}

    /**
     * Whether it is on.
     */
open func isCancelled() -> Bool  {
    return try!  FfiConverterBool.lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_cancel_is_cancelled(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
})
}



}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeCancel: FfiConverter {
    typealias FfiType = UInt64
    typealias SwiftType = Cancel

    public static func lift(_ handle: UInt64) throws -> Cancel {
        return Cancel(unsafeFromHandle: handle)
    }

    public static func lower(_ value: Cancel) -> UInt64 {
        return value.uniffiCloneHandle()
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Cancel {
        let handle: UInt64 = try readInt(&buf)
        return try lift(handle)
    }

    public static func write(_ value: Cancel, into buf: inout [UInt8]) {
        writeInt(&buf, lower(value))
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeCancel_lift(_ handle: UInt64) throws -> Cancel {
    return try FfiConverterTypeCancel.lift(handle)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeCancel_lower(_ value: Cancel) -> UInt64 {
    return FfiConverterTypeCancel.lower(value)
}






/**
 * Given lines about loads, from the loading thread.
 */
public protocol Log: AnyObject, Sendable {

    /**
     * It must not throw.
     */
    func wrote(level: LogLevel, line: String)

}
/**
 * Given lines about loads, from the loading thread.
 */
open class LogImpl: Log, @unchecked Sendable {
    fileprivate let handle: UInt64

    /// Used to instantiate a [FFIObject] without an actual handle, for fakes in tests, mostly.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public struct NoHandle {
        public init() {}
    }

    // TODO: We'd like this to be `private` but for Swifty reasons,
    // we can't implement `FfiConverter` without making this `required` and we can't
    // make it `required` without making it `public`.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    required public init(unsafeFromHandle handle: UInt64) {
        self.handle = handle
    }

    // This constructor can be used to instantiate a fake object.
    // - Parameter noHandle: Placeholder value so we can have a constructor separate from the default empty one that may be implemented for classes extending [FFIObject].
    //
    // - Warning:
    //     Any object instantiated with this constructor cannot be passed to an actual Rust-backed object. Since there isn't a backing handle the FFI lower functions will crash.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public init(noHandle: NoHandle) {
        self.handle = 0
    }

#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public func uniffiCloneHandle() -> UInt64 {
        return try! rustCall { uniffi_dunlin_uniffi_fn_clone_log(self.handle, $0) }
    }
    // No primary constructor declared for this class.

    deinit {
        if handle == 0 {
            // Mock objects have handle=0 don't try to free them
            return
        }

        try! rustCall { uniffi_dunlin_uniffi_fn_free_log(handle, $0) }
    }




    /**
     * It must not throw.
     */
open func wrote(level: LogLevel, line: String)  {try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_log_wrote(
            self.uniffiCloneHandle(),
        FfiConverterTypeLogLevel_lower(level),
        FfiConverterString.lower(line),uniffiCallStatus
    )
}
}



}



// Put the implementation in a struct so we don't pollute the top-level namespace
fileprivate struct UniffiCallbackInterfaceLog {

    // Create the VTable using a series of closures.
    // Swift automatically converts these into C callback functions.
    //
    // Store the vtable directly.
    static let vtable: UniffiVTableCallbackInterfaceLog = UniffiVTableCallbackInterfaceLog(
        uniffiFree: { (uniffiHandle: UInt64) -> () in
            do {
                try FfiConverterTypeLog.handleMap.remove(handle: uniffiHandle)
            } catch {
                print("Uniffi callback interface Log: handle missing in uniffiFree")
            }
        },
        uniffiClone: { (uniffiHandle: UInt64) -> UInt64 in
            do {
                return try FfiConverterTypeLog.handleMap.clone(handle: uniffiHandle)
            } catch {
                fatalError("Uniffi callback interface Log: handle missing in uniffiClone")
            }
        },
        wrote: { (
            uniffiHandle: UInt64,
            level: RustBuffer,
            line: RustBuffer,
            uniffiOutReturn: UnsafeMutableRawPointer,
            uniffiCallStatus: UnsafeMutablePointer<RustCallStatus>
        ) in
            let makeCall = {
                () throws -> () in
                guard let uniffiObj = try? FfiConverterTypeLog.handleMap.get(handle: uniffiHandle) else {
                    throw UniffiInternalError.unexpectedStaleHandle
                }
                return uniffiObj.wrote(
                     level: try FfiConverterTypeLogLevel_lift(level),
                     line: try FfiConverterString.lift(line)
                )
            }


            let writeReturn = { () }
            uniffiTraitInterfaceCall(
                callStatus: uniffiCallStatus,
                makeCall: makeCall,
                writeReturn: writeReturn
            )
        }
    )

    // Rust stores this pointer for future callback invocations, so it must live
    // for the process lifetime (not just for the init function call).
    //
    // `nonisolated(unsafe)` is needed under Swift 6 strict concurrency.
    // This is safe because the pointee is initialized once during static init
    // and never mutated by either side of the FFI.  Its fields are C function pointers.
    nonisolated(unsafe) static let vtablePtr: UnsafePointer<UniffiVTableCallbackInterfaceLog> = {
        let ptr = UnsafeMutablePointer<UniffiVTableCallbackInterfaceLog>.allocate(capacity: 1)
        ptr.initialize(to: vtable)
        return UnsafePointer(ptr)
    }()
}

private func uniffiCallbackInitLog() {
    uniffi_dunlin_uniffi_fn_init_callback_vtable_log(UniffiCallbackInterfaceLog.vtablePtr)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeLog: FfiConverter {
    fileprivate static let handleMap = UniffiHandleMap<Log>()

    typealias FfiType = UInt64
    typealias SwiftType = Log

    public static func lift(_ handle: UInt64) throws -> Log {
        if ((handle & 1) == 0) {
            // Rust-generated handle, construct a new class that uses the handle to implement the
            // interface
            return LogImpl(unsafeFromHandle: handle)
        } else {
            // Swift-generated handle, get the object from the handle map
            return try handleMap.remove(handle: handle)
        }
    }

    public static func lower(_ value: Log) -> UInt64 {
         if let rustImpl = value as? LogImpl {
             // Rust-implemented object.  Clone the handle and return it
            return rustImpl.uniffiCloneHandle()
         } else {
            // Swift object, generate a new vtable handle and return that.
            return handleMap.insert(obj: value)
         }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Log {
        let handle: UInt64 = try readInt(&buf)
        return try lift(handle)
    }

    public static func write(_ value: Log, into buf: inout [UInt8]) {
        writeInt(&buf, lower(value))
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeLog_lift(_ handle: UInt64) throws -> Log {
    return try FfiConverterTypeLog.lift(handle)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeLog_lower(_ value: Log) -> UInt64 {
    return FfiConverterTypeLog.lower(value)
}






/**
 * A loaded model. Any number of threads may run it at the same time.
 */
public protocol ModelProtocol: AnyObject, Sendable {

    /**
     * What it is.
     */
    func info()  -> ModelInfo

    /**
     * How much memory a run takes with inputs of these shapes, in the model's order; none for the shape that the file declares.
     *
     * # Errors
     * Kind `input` if there are more shapes than inputs, `shape` for negative sizes.
     */
    func memory(shapes: [[Int64]?]) throws  -> MemoryNeed

    /**
     * Where its nodes run.
     */
    func report()  -> ModelReport

    /**
     * Runs the model.
     *
     * # Errors
     * Kinds `input`, `shape` and `dtype` for inputs that do not fit, `cancelled` and `deadline`; whatever a node reports, with the node.
     */
    func run(inputs: [Input], options: RunOptions) throws  -> RunResult

    /**
     * Runs the model in the background. Giving up the wait cancels the run.
     *
     * # Errors
     * As [`Model::run`].
     */
    func runAsync(inputs: [Input], options: RunOptions) async throws  -> RunResult

    /**
     * A session: repeated runs with kept buffers and states.
     */
    func session()  -> Session

}
/**
 * A loaded model. Any number of threads may run it at the same time.
 */
open class Model: ModelProtocol, @unchecked Sendable {
    fileprivate let handle: UInt64

    /// Used to instantiate a [FFIObject] without an actual handle, for fakes in tests, mostly.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public struct NoHandle {
        public init() {}
    }

    // TODO: We'd like this to be `private` but for Swifty reasons,
    // we can't implement `FfiConverter` without making this `required` and we can't
    // make it `required` without making it `public`.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    required public init(unsafeFromHandle handle: UInt64) {
        self.handle = handle
    }

    // This constructor can be used to instantiate a fake object.
    // - Parameter noHandle: Placeholder value so we can have a constructor separate from the default empty one that may be implemented for classes extending [FFIObject].
    //
    // - Warning:
    //     Any object instantiated with this constructor cannot be passed to an actual Rust-backed object. Since there isn't a backing handle the FFI lower functions will crash.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public init(noHandle: NoHandle) {
        self.handle = 0
    }

#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public func uniffiCloneHandle() -> UInt64 {
        return try! rustCall { uniffi_dunlin_uniffi_fn_clone_model(self.handle, $0) }
    }
    // No primary constructor declared for this class.

    deinit {
        if handle == 0 {
            // Mock objects have handle=0 don't try to free them
            return
        }

        try! rustCall { uniffi_dunlin_uniffi_fn_free_model(handle, $0) }
    }


    /**
     * Loads a model. A path may be given relative to the working folder.
     *
     * # Errors
     * Kind `not-found` or `io` for files, and whatever the contents deserve.
     */
public static func load(source: Source, options: LoadOptions)throws  -> Model  {
    return try  FfiConverterTypeModel_lift(try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_constructor_model_load(
        FfiConverterTypeSource_lower(source),
        FfiConverterTypeLoadOptions_lower(options),uniffiCallStatus
    )
})
}

    /**
     * Loads a model in the background. Giving up the wait ends the load.
     *
     * # Errors
     * As [`Model::load`].
     */
public static func loadAsync(source: Source, options: LoadOptions)async throws  -> Model  {
    return
        try  await uniffiRustCallAsync(
            rustFutureFunc: {
                uniffi_dunlin_uniffi_fn_constructor_model_load_async(FfiConverterTypeSource_lower(source),FfiConverterTypeLoadOptions_lower(options)
                )
            },
            pollFunc: ffi_dunlin_uniffi_rust_future_poll_u64,
            completeFunc: ffi_dunlin_uniffi_rust_future_complete_u64,
            freeFunc: ffi_dunlin_uniffi_rust_future_free_u64,
            liftFunc: FfiConverterTypeModel_lift,
            errorHandler: FfiConverterTypeDunlinError_lift
        )
}



    /**
     * What it is.
     */
open func info() -> ModelInfo  {
    return try!  FfiConverterTypeModelInfo_lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_model_info(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
})
}

    /**
     * How much memory a run takes with inputs of these shapes, in the model's order; none for the shape that the file declares.
     *
     * # Errors
     * Kind `input` if there are more shapes than inputs, `shape` for negative sizes.
     */
open func memory(shapes: [[Int64]?])throws  -> MemoryNeed  {
    return try  FfiConverterTypeMemoryNeed_lift(try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_model_memory(
            self.uniffiCloneHandle(),
        FfiConverterSequenceOptionSequenceInt64.lower(shapes),uniffiCallStatus
    )
})
}

    /**
     * Where its nodes run.
     */
open func report() -> ModelReport  {
    return try!  FfiConverterTypeModelReport_lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_model_report(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
})
}

    /**
     * Runs the model.
     *
     * # Errors
     * Kinds `input`, `shape` and `dtype` for inputs that do not fit, `cancelled` and `deadline`; whatever a node reports, with the node.
     */
open func run(inputs: [Input], options: RunOptions)throws  -> RunResult  {
    return try  FfiConverterTypeRunResult_lift(try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_model_run(
            self.uniffiCloneHandle(),
        FfiConverterSequenceTypeInput.lower(inputs),
        FfiConverterTypeRunOptions_lower(options),uniffiCallStatus
    )
})
}

    /**
     * Runs the model in the background. Giving up the wait cancels the run.
     *
     * # Errors
     * As [`Model::run`].
     */
open func runAsync(inputs: [Input], options: RunOptions)async throws  -> RunResult  {
    return
        try  await uniffiRustCallAsync(
            rustFutureFunc: {
                uniffi_dunlin_uniffi_fn_method_model_run_async(
                        self.uniffiCloneHandle(),FfiConverterSequenceTypeInput.lower(inputs),FfiConverterTypeRunOptions_lower(options)
                )
            },
            pollFunc: ffi_dunlin_uniffi_rust_future_poll_rust_buffer,
            completeFunc: ffi_dunlin_uniffi_rust_future_complete_rust_buffer,
            freeFunc: ffi_dunlin_uniffi_rust_future_free_rust_buffer,
            liftFunc: FfiConverterTypeRunResult_lift,
            errorHandler: FfiConverterTypeDunlinError_lift
        )
}

    /**
     * A session: repeated runs with kept buffers and states.
     */
open func session() -> Session  {
    return try!  FfiConverterTypeSession_lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_model_session(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
})
}



}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeModel: FfiConverter {
    typealias FfiType = UInt64
    typealias SwiftType = Model

    public static func lift(_ handle: UInt64) throws -> Model {
        return Model(unsafeFromHandle: handle)
    }

    public static func lower(_ value: Model) -> UInt64 {
        return value.uniffiCloneHandle()
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Model {
        let handle: UInt64 = try readInt(&buf)
        return try lift(handle)
    }

    public static func write(_ value: Model, into buf: inout [UInt8]) {
        writeInt(&buf, lower(value))
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeModel_lift(_ handle: UInt64) throws -> Model {
    return try FfiConverterTypeModel.lift(handle)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeModel_lower(_ value: Model) -> UInt64 {
    return FfiConverterTypeModel.lower(value)
}






/**
 * Threads that models share. They sleep when nothing runs and end with the last model that uses them.
 */
public protocol PoolProtocol: AnyObject, Sendable {

    /**
     * How many threads it has.
     */
    func nThreads()  -> UInt32

}
/**
 * Threads that models share. They sleep when nothing runs and end with the last model that uses them.
 */
open class Pool: PoolProtocol, @unchecked Sendable {
    fileprivate let handle: UInt64

    /// Used to instantiate a [FFIObject] without an actual handle, for fakes in tests, mostly.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public struct NoHandle {
        public init() {}
    }

    // TODO: We'd like this to be `private` but for Swifty reasons,
    // we can't implement `FfiConverter` without making this `required` and we can't
    // make it `required` without making it `public`.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    required public init(unsafeFromHandle handle: UInt64) {
        self.handle = handle
    }

    // This constructor can be used to instantiate a fake object.
    // - Parameter noHandle: Placeholder value so we can have a constructor separate from the default empty one that may be implemented for classes extending [FFIObject].
    //
    // - Warning:
    //     Any object instantiated with this constructor cannot be passed to an actual Rust-backed object. Since there isn't a backing handle the FFI lower functions will crash.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public init(noHandle: NoHandle) {
        self.handle = 0
    }

#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public func uniffiCloneHandle() -> UInt64 {
        return try! rustCall { uniffi_dunlin_uniffi_fn_clone_pool(self.handle, $0) }
    }
    /**
     * A pool of `n` threads, the callers of runs included; 0 for as many as the process may use.
     *
     * # Errors
     * Kind `input` for a number that no machine has, `out-of-memory` if the system refuses a thread.
     */
public convenience init(n: UInt32)throws  {
    let handle =
        try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_constructor_pool_new(
        FfiConverterUInt32.lower(n),uniffiCallStatus
    )
}
    self.init(unsafeFromHandle: handle)
}

    deinit {
        if handle == 0 {
            // Mock objects have handle=0 don't try to free them
            return
        }

        try! rustCall { uniffi_dunlin_uniffi_fn_free_pool(handle, $0) }
    }




    /**
     * How many threads it has.
     */
open func nThreads() -> UInt32  {
    return try!  FfiConverterUInt32.lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_pool_n_threads(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
})
}



}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypePool: FfiConverter {
    typealias FfiType = UInt64
    typealias SwiftType = Pool

    public static func lift(_ handle: UInt64) throws -> Pool {
        return Pool(unsafeFromHandle: handle)
    }

    public static func lower(_ value: Pool) -> UInt64 {
        return value.uniffiCloneHandle()
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Pool {
        let handle: UInt64 = try readInt(&buf)
        return try lift(handle)
    }

    public static func write(_ value: Pool, into buf: inout [UInt8]) {
        writeInt(&buf, lower(value))
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypePool_lift(_ handle: UInt64) throws -> Pool {
    return try FfiConverterTypePool.lift(handle)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypePool_lower(_ value: Pool) -> UInt64 {
    return FfiConverterTypePool.lower(value)
}






/**
 * Told how far loading has come, from the loading thread.
 */
public protocol Progress: AnyObject, Sendable {

    /**
     * `fraction` goes from 0 to 1. It must not throw.
     */
    func progressed(stage: Stage, fraction: Float)

}
/**
 * Told how far loading has come, from the loading thread.
 */
open class ProgressImpl: Progress, @unchecked Sendable {
    fileprivate let handle: UInt64

    /// Used to instantiate a [FFIObject] without an actual handle, for fakes in tests, mostly.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public struct NoHandle {
        public init() {}
    }

    // TODO: We'd like this to be `private` but for Swifty reasons,
    // we can't implement `FfiConverter` without making this `required` and we can't
    // make it `required` without making it `public`.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    required public init(unsafeFromHandle handle: UInt64) {
        self.handle = handle
    }

    // This constructor can be used to instantiate a fake object.
    // - Parameter noHandle: Placeholder value so we can have a constructor separate from the default empty one that may be implemented for classes extending [FFIObject].
    //
    // - Warning:
    //     Any object instantiated with this constructor cannot be passed to an actual Rust-backed object. Since there isn't a backing handle the FFI lower functions will crash.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public init(noHandle: NoHandle) {
        self.handle = 0
    }

#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public func uniffiCloneHandle() -> UInt64 {
        return try! rustCall { uniffi_dunlin_uniffi_fn_clone_progress(self.handle, $0) }
    }
    // No primary constructor declared for this class.

    deinit {
        if handle == 0 {
            // Mock objects have handle=0 don't try to free them
            return
        }

        try! rustCall { uniffi_dunlin_uniffi_fn_free_progress(handle, $0) }
    }




    /**
     * `fraction` goes from 0 to 1. It must not throw.
     */
open func progressed(stage: Stage, fraction: Float)  {try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_progress_progressed(
            self.uniffiCloneHandle(),
        FfiConverterTypeStage_lower(stage),
        FfiConverterFloat.lower(fraction),uniffiCallStatus
    )
}
}



}



// Put the implementation in a struct so we don't pollute the top-level namespace
fileprivate struct UniffiCallbackInterfaceProgress {

    // Create the VTable using a series of closures.
    // Swift automatically converts these into C callback functions.
    //
    // Store the vtable directly.
    static let vtable: UniffiVTableCallbackInterfaceProgress = UniffiVTableCallbackInterfaceProgress(
        uniffiFree: { (uniffiHandle: UInt64) -> () in
            do {
                try FfiConverterTypeProgress.handleMap.remove(handle: uniffiHandle)
            } catch {
                print("Uniffi callback interface Progress: handle missing in uniffiFree")
            }
        },
        uniffiClone: { (uniffiHandle: UInt64) -> UInt64 in
            do {
                return try FfiConverterTypeProgress.handleMap.clone(handle: uniffiHandle)
            } catch {
                fatalError("Uniffi callback interface Progress: handle missing in uniffiClone")
            }
        },
        progressed: { (
            uniffiHandle: UInt64,
            stage: RustBuffer,
            fraction: Float,
            uniffiOutReturn: UnsafeMutableRawPointer,
            uniffiCallStatus: UnsafeMutablePointer<RustCallStatus>
        ) in
            let makeCall = {
                () throws -> () in
                guard let uniffiObj = try? FfiConverterTypeProgress.handleMap.get(handle: uniffiHandle) else {
                    throw UniffiInternalError.unexpectedStaleHandle
                }
                return uniffiObj.progressed(
                     stage: try FfiConverterTypeStage_lift(stage),
                     fraction: try FfiConverterFloat.lift(fraction)
                )
            }


            let writeReturn = { () }
            uniffiTraitInterfaceCall(
                callStatus: uniffiCallStatus,
                makeCall: makeCall,
                writeReturn: writeReturn
            )
        }
    )

    // Rust stores this pointer for future callback invocations, so it must live
    // for the process lifetime (not just for the init function call).
    //
    // `nonisolated(unsafe)` is needed under Swift 6 strict concurrency.
    // This is safe because the pointee is initialized once during static init
    // and never mutated by either side of the FFI.  Its fields are C function pointers.
    nonisolated(unsafe) static let vtablePtr: UnsafePointer<UniffiVTableCallbackInterfaceProgress> = {
        let ptr = UnsafeMutablePointer<UniffiVTableCallbackInterfaceProgress>.allocate(capacity: 1)
        ptr.initialize(to: vtable)
        return UnsafePointer(ptr)
    }()
}

private func uniffiCallbackInitProgress() {
    uniffi_dunlin_uniffi_fn_init_callback_vtable_progress(UniffiCallbackInterfaceProgress.vtablePtr)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeProgress: FfiConverter {
    fileprivate static let handleMap = UniffiHandleMap<Progress>()

    typealias FfiType = UInt64
    typealias SwiftType = Progress

    public static func lift(_ handle: UInt64) throws -> Progress {
        if ((handle & 1) == 0) {
            // Rust-generated handle, construct a new class that uses the handle to implement the
            // interface
            return ProgressImpl(unsafeFromHandle: handle)
        } else {
            // Swift-generated handle, get the object from the handle map
            return try handleMap.remove(handle: handle)
        }
    }

    public static func lower(_ value: Progress) -> UInt64 {
         if let rustImpl = value as? ProgressImpl {
             // Rust-implemented object.  Clone the handle and return it
            return rustImpl.uniffiCloneHandle()
         } else {
            // Swift object, generate a new vtable handle and return that.
            return handleMap.insert(obj: value)
         }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Progress {
        let handle: UInt64 = try readInt(&buf)
        return try lift(handle)
    }

    public static func write(_ value: Progress, into buf: inout [UInt8]) {
        writeInt(&buf, lower(value))
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeProgress_lift(_ handle: UInt64) throws -> Progress {
    return try FfiConverterTypeProgress.lift(handle)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeProgress_lower(_ value: Progress) -> UInt64 {
    return FfiConverterTypeProgress.lower(value)
}






/**
 * What one run spent. It is only put into records when the host asks.
 */
public protocol RunReportProtocol: AnyObject, Sendable {

    /**
     * All of it as JSON.
     */
    func json()  -> String

    /**
     * Each node that ran, in order; nodes of nested graphs once per execution, before the node around them.
     */
    func nodes()  -> [NodeReport]

    /**
     * The run as a whole.
     */
    func summary()  -> RunSummary

}
/**
 * What one run spent. It is only put into records when the host asks.
 */
open class RunReport: RunReportProtocol, @unchecked Sendable {
    fileprivate let handle: UInt64

    /// Used to instantiate a [FFIObject] without an actual handle, for fakes in tests, mostly.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public struct NoHandle {
        public init() {}
    }

    // TODO: We'd like this to be `private` but for Swifty reasons,
    // we can't implement `FfiConverter` without making this `required` and we can't
    // make it `required` without making it `public`.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    required public init(unsafeFromHandle handle: UInt64) {
        self.handle = handle
    }

    // This constructor can be used to instantiate a fake object.
    // - Parameter noHandle: Placeholder value so we can have a constructor separate from the default empty one that may be implemented for classes extending [FFIObject].
    //
    // - Warning:
    //     Any object instantiated with this constructor cannot be passed to an actual Rust-backed object. Since there isn't a backing handle the FFI lower functions will crash.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public init(noHandle: NoHandle) {
        self.handle = 0
    }

#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public func uniffiCloneHandle() -> UInt64 {
        return try! rustCall { uniffi_dunlin_uniffi_fn_clone_runreport(self.handle, $0) }
    }
    // No primary constructor declared for this class.

    deinit {
        if handle == 0 {
            // Mock objects have handle=0 don't try to free them
            return
        }

        try! rustCall { uniffi_dunlin_uniffi_fn_free_runreport(handle, $0) }
    }




    /**
     * All of it as JSON.
     */
open func json() -> String  {
    return try!  FfiConverterString.lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_runreport_json(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
})
}

    /**
     * Each node that ran, in order; nodes of nested graphs once per execution, before the node around them.
     */
open func nodes() -> [NodeReport]  {
    return try!  FfiConverterSequenceTypeNodeReport.lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_runreport_nodes(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
})
}

    /**
     * The run as a whole.
     */
open func summary() -> RunSummary  {
    return try!  FfiConverterTypeRunSummary_lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_runreport_summary(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
})
}



}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeRunReport: FfiConverter {
    typealias FfiType = UInt64
    typealias SwiftType = RunReport

    public static func lift(_ handle: UInt64) throws -> RunReport {
        return RunReport(unsafeFromHandle: handle)
    }

    public static func lower(_ value: RunReport) -> UInt64 {
        return value.uniffiCloneHandle()
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> RunReport {
        let handle: UInt64 = try readInt(&buf)
        return try lift(handle)
    }

    public static func write(_ value: RunReport, into buf: inout [UInt8]) {
        writeInt(&buf, lower(value))
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeRunReport_lift(_ handle: UInt64) throws -> RunReport {
    return try FfiConverterTypeRunReport.lift(handle)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeRunReport_lower(_ value: RunReport) -> UInt64 {
    return FfiConverterTypeRunReport.lower(value)
}






/**
 * Repeated runs of one model, with kept buffers and the model's states. One call at a time: a second one fails with the kind `busy`.
 */
public protocol SessionProtocol: AnyObject, Sendable {

    /**
     * Forgets all states: the next run starts anew.
     *
     * # Errors
     * Kind `busy` if a run is under way.
     */
    func reset() throws

    /**
     * Runs the model. Inputs that are states may be left out from the second run on.
     *
     * # Errors
     * As [`crate::Model::run`]; states are then as before the run. Kind `busy` if another call is under way.
     */
    func run(inputs: [Input], options: RunOptions) throws  -> RunResult

    /**
     * Runs the model in the background. Giving up the wait cancels the run.
     *
     * # Errors
     * As [`Session::run`].
     */
    func runAsync(inputs: [Input], options: RunOptions) async throws  -> RunResult

    /**
     * Sets a state by the name of its input.
     *
     * # Errors
     * Kind `not-found` if the model declares no such state, `dtype` for what is no tensor.
     */
    func setState(input: String, value: Value) throws

    /**
     * A state by the name of its input; none before the first run.
     *
     * # Errors
     * Kind `not-found` if the model declares no such state.
     */
    func state(input: String) throws  -> Value?

}
/**
 * Repeated runs of one model, with kept buffers and the model's states. One call at a time: a second one fails with the kind `busy`.
 */
open class Session: SessionProtocol, @unchecked Sendable {
    fileprivate let handle: UInt64

    /// Used to instantiate a [FFIObject] without an actual handle, for fakes in tests, mostly.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public struct NoHandle {
        public init() {}
    }

    // TODO: We'd like this to be `private` but for Swifty reasons,
    // we can't implement `FfiConverter` without making this `required` and we can't
    // make it `required` without making it `public`.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    required public init(unsafeFromHandle handle: UInt64) {
        self.handle = handle
    }

    // This constructor can be used to instantiate a fake object.
    // - Parameter noHandle: Placeholder value so we can have a constructor separate from the default empty one that may be implemented for classes extending [FFIObject].
    //
    // - Warning:
    //     Any object instantiated with this constructor cannot be passed to an actual Rust-backed object. Since there isn't a backing handle the FFI lower functions will crash.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public init(noHandle: NoHandle) {
        self.handle = 0
    }

#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public func uniffiCloneHandle() -> UInt64 {
        return try! rustCall { uniffi_dunlin_uniffi_fn_clone_session(self.handle, $0) }
    }
    // No primary constructor declared for this class.

    deinit {
        if handle == 0 {
            // Mock objects have handle=0 don't try to free them
            return
        }

        try! rustCall { uniffi_dunlin_uniffi_fn_free_session(handle, $0) }
    }




    /**
     * Forgets all states: the next run starts anew.
     *
     * # Errors
     * Kind `busy` if a run is under way.
     */
open func reset()throws   {try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_session_reset(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
}
}

    /**
     * Runs the model. Inputs that are states may be left out from the second run on.
     *
     * # Errors
     * As [`crate::Model::run`]; states are then as before the run. Kind `busy` if another call is under way.
     */
open func run(inputs: [Input], options: RunOptions)throws  -> RunResult  {
    return try  FfiConverterTypeRunResult_lift(try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_session_run(
            self.uniffiCloneHandle(),
        FfiConverterSequenceTypeInput.lower(inputs),
        FfiConverterTypeRunOptions_lower(options),uniffiCallStatus
    )
})
}

    /**
     * Runs the model in the background. Giving up the wait cancels the run.
     *
     * # Errors
     * As [`Session::run`].
     */
open func runAsync(inputs: [Input], options: RunOptions)async throws  -> RunResult  {
    return
        try  await uniffiRustCallAsync(
            rustFutureFunc: {
                uniffi_dunlin_uniffi_fn_method_session_run_async(
                        self.uniffiCloneHandle(),FfiConverterSequenceTypeInput.lower(inputs),FfiConverterTypeRunOptions_lower(options)
                )
            },
            pollFunc: ffi_dunlin_uniffi_rust_future_poll_rust_buffer,
            completeFunc: ffi_dunlin_uniffi_rust_future_complete_rust_buffer,
            freeFunc: ffi_dunlin_uniffi_rust_future_free_rust_buffer,
            liftFunc: FfiConverterTypeRunResult_lift,
            errorHandler: FfiConverterTypeDunlinError_lift
        )
}

    /**
     * Sets a state by the name of its input.
     *
     * # Errors
     * Kind `not-found` if the model declares no such state, `dtype` for what is no tensor.
     */
open func setState(input: String, value: Value)throws   {try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_session_set_state(
            self.uniffiCloneHandle(),
        FfiConverterString.lower(input),
        FfiConverterTypeValue_lower(value),uniffiCallStatus
    )
}
}

    /**
     * A state by the name of its input; none before the first run.
     *
     * # Errors
     * Kind `not-found` if the model declares no such state.
     */
open func state(input: String)throws  -> Value?  {
    return try  FfiConverterOptionTypeValue.lift(try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_session_state(
            self.uniffiCloneHandle(),
        FfiConverterString.lower(input),uniffiCallStatus
    )
})
}



}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeSession: FfiConverter {
    typealias FfiType = UInt64
    typealias SwiftType = Session

    public static func lift(_ handle: UInt64) throws -> Session {
        return Session(unsafeFromHandle: handle)
    }

    public static func lower(_ value: Session) -> UInt64 {
        return value.uniffiCloneHandle()
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Session {
        let handle: UInt64 = try readInt(&buf)
        return try lift(handle)
    }

    public static func write(_ value: Session, into buf: inout [UInt8]) {
        writeInt(&buf, lower(value))
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeSession_lift(_ handle: UInt64) throws -> Session {
    return try FfiConverterTypeSession.lift(handle)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeSession_lower(_ value: Session) -> UInt64 {
    return FfiConverterTypeSession.lower(value)
}






/**
 * A value that goes into a run or comes out of one: a tensor, a sequence, a map, or an optional.
 *
 * Values do not change once they are made, so any thread may read one at any time. Element types go by the numbers of the ONNX
 * standard (`TensorProto.DataType`): 1 is float32, 7 is int64.
 */
public protocol ValueProtocol: AnyObject, Sendable {

    /**
     * Where a tensor's elements lie, as long as the value is not freed; 0 if there are no bytes. They must not be written.
     */
    func address()  -> UInt64

    /**
     * How many bytes a tensor's elements are; 0 for strings and what is no tensor.
     */
    func byteLen()  -> UInt64

    /**
     * The values of a sequence or a map, or the one of an optional; none for a tensor.
     */
    func elements()  -> [Value]

    /**
     * All that is to be known of it but its contents.
     */
    func info()  -> ValueInfo

    /**
     * The keys of a map: a tensor of rank 1.
     *
     * # Errors
     * Kind `dtype` if it is no map.
     */
    func keys() throws  -> Value

    /**
     * The strings of a tensor of strings, in row-major order.
     *
     * # Errors
     * Kind `dtype` if it is anything else.
     */
    func texts() throws  -> [String]

}
/**
 * A value that goes into a run or comes out of one: a tensor, a sequence, a map, or an optional.
 *
 * Values do not change once they are made, so any thread may read one at any time. Element types go by the numbers of the ONNX
 * standard (`TensorProto.DataType`): 1 is float32, 7 is int64.
 */
open class Value: ValueProtocol, @unchecked Sendable {
    fileprivate let handle: UInt64

    /// Used to instantiate a [FFIObject] without an actual handle, for fakes in tests, mostly.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public struct NoHandle {
        public init() {}
    }

    // TODO: We'd like this to be `private` but for Swifty reasons,
    // we can't implement `FfiConverter` without making this `required` and we can't
    // make it `required` without making it `public`.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    required public init(unsafeFromHandle handle: UInt64) {
        self.handle = handle
    }

    // This constructor can be used to instantiate a fake object.
    // - Parameter noHandle: Placeholder value so we can have a constructor separate from the default empty one that may be implemented for classes extending [FFIObject].
    //
    // - Warning:
    //     Any object instantiated with this constructor cannot be passed to an actual Rust-backed object. Since there isn't a backing handle the FFI lower functions will crash.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public init(noHandle: NoHandle) {
        self.handle = 0
    }

#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public func uniffiCloneHandle() -> UInt64 {
        return try! rustCall { uniffi_dunlin_uniffi_fn_clone_value(self.handle, $0) }
    }
    // No primary constructor declared for this class.

    deinit {
        if handle == 0 {
            // Mock objects have handle=0 don't try to free them
            return
        }

        try! rustCall { uniffi_dunlin_uniffi_fn_free_value(handle, $0) }
    }


    /**
     * A map of `keys` (a tensor of rank 1: integers or strings) to as many values.
     *
     * # Errors
     * Kind `dtype` if `keys` is no tensor, `shape` if the numbers differ.
     */
public static func map(keys: Value, values: [Value])throws  -> Value  {
    return try  FfiConverterTypeValue_lift(try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_constructor_value_map(
        FfiConverterTypeValue_lower(keys),
        FfiConverterSequenceTypeValue.lower(values),uniffiCallStatus
    )
})
}

    /**
     * An optional of a value, or of nothing.
     */
public static func optional(value: Value?) -> Value  {
    return try!  FfiConverterTypeValue_lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_constructor_value_optional(
        FfiConverterOptionTypeValue.lower(value),uniffiCallStatus
    )
})
}

    /**
     * A sequence.
     */
public static func sequence(values: [Value]) -> Value  {
    return try!  FfiConverterTypeValue_lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_constructor_value_sequence(
        FfiConverterSequenceTypeValue.lower(values),uniffiCallStatus
    )
})
}

    /**
     * A tensor of strings, in row-major order.
     *
     * # Errors
     * Kind `shape` if the shape needs another number of strings.
     */
public static func strings(shape: [Int64], strings: [String])throws  -> Value  {
    return try  FfiConverterTypeValue_lift(try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_constructor_value_strings(
        FfiConverterSequenceInt64.lower(shape),
        FfiConverterSequenceString.lower(strings),uniffiCallStatus
    )
})
}

    /**
     * A tensor of a copy of `bytes`: the elements in row-major order, little-endian, those of less than 8 bits packed with the first in
     * the low bits.
     *
     * # Errors
     * As [`blank_tensor`]; kind `shape` too if the shape needs another number of bytes.
     */
public static func tensor(dtype: Int32, shape: [Int64], bytes: Data)throws  -> Value  {
    return try  FfiConverterTypeValue_lift(try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
        FfiConverterByRefBytes.lower(bytes) { bytesFb in
    uniffi_dunlin_uniffi_fn_constructor_value_tensor(
        FfiConverterInt32.lower(dtype),
        FfiConverterSequenceInt64.lower(shape),
        bytesFb,uniffiCallStatus
    )
        }
})
}



    /**
     * Where a tensor's elements lie, as long as the value is not freed; 0 if there are no bytes. They must not be written.
     */
open func address() -> UInt64  {
    return try!  FfiConverterUInt64.lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_value_address(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
})
}

    /**
     * How many bytes a tensor's elements are; 0 for strings and what is no tensor.
     */
open func byteLen() -> UInt64  {
    return try!  FfiConverterUInt64.lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_value_byte_len(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
})
}

    /**
     * The values of a sequence or a map, or the one of an optional; none for a tensor.
     */
open func elements() -> [Value]  {
    return try!  FfiConverterSequenceTypeValue.lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_value_elements(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
})
}

    /**
     * All that is to be known of it but its contents.
     */
open func info() -> ValueInfo  {
    return try!  FfiConverterTypeValueInfo_lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_value_info(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
})
}

    /**
     * The keys of a map: a tensor of rank 1.
     *
     * # Errors
     * Kind `dtype` if it is no map.
     */
open func keys()throws  -> Value  {
    return try  FfiConverterTypeValue_lift(try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_value_keys(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
})
}

    /**
     * The strings of a tensor of strings, in row-major order.
     *
     * # Errors
     * Kind `dtype` if it is anything else.
     */
open func texts()throws  -> [String]  {
    return try  FfiConverterSequenceString.lift(try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_method_value_texts(
            self.uniffiCloneHandle(),uniffiCallStatus
    )
})
}



}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeValue: FfiConverter {
    typealias FfiType = UInt64
    typealias SwiftType = Value

    public static func lift(_ handle: UInt64) throws -> Value {
        return Value(unsafeFromHandle: handle)
    }

    public static func lower(_ value: Value) -> UInt64 {
        return value.uniffiCloneHandle()
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Value {
        let handle: UInt64 = try readInt(&buf)
        return try lift(handle)
    }

    public static func write(_ value: Value, into buf: inout [UInt8]) {
        writeInt(&buf, lower(value))
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeValue_lift(_ handle: UInt64) throws -> Value {
    return try FfiConverterTypeValue.lift(handle)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeValue_lower(_ value: Value) -> UInt64 {
    return FfiConverterTypeValue.lower(value)
}




/**
 * A tensor of zeros that the host fills.
 */
public struct BlankTensor {
    /**
     * The tensor.
     */
    public let value: Value
    /**
     * Where its elements lie. The host writes there before it gives the value to anything else, and never after.
     */
    public let address: UInt64
    /**
     * How many bytes they are.
     */
    public let byteLen: UInt64

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * The tensor.
         */value: Value,
        /**
         * Where its elements lie. The host writes there before it gives the value to anything else, and never after.
         */address: UInt64,
        /**
         * How many bytes they are.
         */byteLen: UInt64) {
        self.value = value
        self.address = address
        self.byteLen = byteLen
    }




}

#if compiler(>=6)
extension BlankTensor: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeBlankTensor: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> BlankTensor {
        return
            try BlankTensor(
                value: FfiConverterTypeValue.read(from: &buf),
                address: FfiConverterUInt64.read(from: &buf),
                byteLen: FfiConverterUInt64.read(from: &buf)
        )
    }

    public static func write(_ value: BlankTensor, into buf: inout [UInt8]) {
        FfiConverterTypeValue.write(value.value, into: &buf)
        FfiConverterUInt64.write(value.address, into: &buf)
        FfiConverterUInt64.write(value.byteLen, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeBlankTensor_lift(_ buf: RustBuffer) throws -> BlankTensor {
    return try FfiConverterTypeBlankTensor.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeBlankTensor_lower(_ value: BlankTensor) -> RustBuffer {
    return FfiConverterTypeBlankTensor.lower(value)
}


/**
 * The contents of a file that a model keeps weights in.
 */
public struct External {
    /**
     * The name that the model calls it by.
     */
    public let name: String
    /**
     * The contents: a tensor, whose bytes are used and not copied.
     */
    public let bytes: Value

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * The name that the model calls it by.
         */name: String,
        /**
         * The contents: a tensor, whose bytes are used and not copied.
         */bytes: Value) {
        self.name = name
        self.bytes = bytes
    }




}

#if compiler(>=6)
extension External: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeExternal: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> External {
        return
            try External(
                name: FfiConverterString.read(from: &buf),
                bytes: FfiConverterTypeValue.read(from: &buf)
        )
    }

    public static func write(_ value: External, into buf: inout [UInt8]) {
        FfiConverterString.write(value.name, into: &buf)
        FfiConverterTypeValue.write(value.bytes, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeExternal_lift(_ buf: RustBuffer) throws -> External {
    return try FfiConverterTypeExternal.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeExternal_lower(_ value: External) -> RustBuffer {
    return FfiConverterTypeExternal.lower(value)
}


/**
 * An input of a run: by its name, or in the place that follows from the number of those before it.
 */
public struct Input {
    /**
     * Its name in the model.
     */
    public let name: String?
    /**
     * What goes in. It stays the host's, and is not copied.
     */
    public let value: Value

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * Its name in the model.
         */name: String?,
        /**
         * What goes in. It stays the host's, and is not copied.
         */value: Value) {
        self.name = name
        self.value = value
    }




}

#if compiler(>=6)
extension Input: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeInput: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Input {
        return
            try Input(
                name: FfiConverterOptionString.read(from: &buf),
                value: FfiConverterTypeValue.read(from: &buf)
        )
    }

    public static func write(_ value: Input, into buf: inout [UInt8]) {
        FfiConverterOptionString.write(value.name, into: &buf)
        FfiConverterTypeValue.write(value.value, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeInput_lift(_ buf: RustBuffer) throws -> Input {
    return try FfiConverterTypeInput.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeInput_lower(_ value: Input) -> RustBuffer {
    return FfiConverterTypeInput.lower(value)
}


/**
 * A bound on what loading and running may use.
 */
public struct Limit: Equatable, Hashable {
    /**
     * What it is of.
     */
    public let of: LimitOf
    /**
     * The most there may be.
     */
    public let most: UInt64

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * What it is of.
         */of: LimitOf,
        /**
         * The most there may be.
         */most: UInt64) {
        self.of = of
        self.most = most
    }




}

#if compiler(>=6)
extension Limit: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeLimit: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Limit {
        return
            try Limit(
                of: FfiConverterTypeLimitOf.read(from: &buf),
                most: FfiConverterUInt64.read(from: &buf)
        )
    }

    public static func write(_ value: Limit, into buf: inout [UInt8]) {
        FfiConverterTypeLimitOf.write(value.of, into: &buf)
        FfiConverterUInt64.write(value.most, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeLimit_lift(_ buf: RustBuffer) throws -> Limit {
    return try FfiConverterTypeLimit.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeLimit_lower(_ value: Limit) -> RustBuffer {
    return FfiConverterTypeLimit.lower(value)
}


/**
 * Choices for loading a model. Each is at its default if it is left out.
 */
public struct LoadOptions {
    /**
     * Threads of the model's own pool, the callers of runs included; 0 for as many as the process may use.
     */
    public let threads: UInt32
    /**
     * A pool that other models use too, in place of an own one.
     */
    public let pool: Pool?
    /**
     * The device to run on: `cpu` if not told. See [`crate::devices`].
     */
    public let device: String?
    /**
     * What happens to nodes that the device cannot run; they are reported if not told.
     */
    public let fallback: Fallback?
    /**
     * Whether the model's files are copied into memory rather than mapped. A mapped file must not be shortened by another program
     * while the model lives: reading beyond its end then ends the process.
     */
    public let copyFiles: Bool
    /**
     * What loading and running may use at most, where it is to be other than the defaults.
     */
    public let limits: [Limit]
    /**
     * Passes of the optimiser that are switched off, by name.
     */
    public let disabledPasses: [String]
    /**
     * States: after each run of a session, an output becomes the next run's input.
     */
    public let states: [State]
    /**
     * For how many sets of input shapes the model remembers the results of shape arithmetic; 16 if not told.
     */
    public let maxCachedShapes: UInt32?
    /**
     * Ends loading early.
     */
    public let cancel: Cancel?
    /**
     * How many milliseconds the load may take; 0 for any number.
     */
    public let timeoutMs: UInt64
    /**
     * Is told how far loading has come.
     */
    public let progress: Progress?
    /**
     * Is given lines about the load.
     */
    public let log: Log?
    /**
     * Which lines those are: of this level and what matters more; warnings if not told.
     */
    public let logLevel: LogLevel?
    /**
     * Contents of files that the model keeps weights in, for models that have no folder. Where one is given, no folder is looked into.
     */
    public let externals: [External]

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * Threads of the model's own pool, the callers of runs included; 0 for as many as the process may use.
         */threads: UInt32 = UInt32(0),
        /**
         * A pool that other models use too, in place of an own one.
         */pool: Pool? = nil,
        /**
         * The device to run on: `cpu` if not told. See [`crate::devices`].
         */device: String? = nil,
        /**
         * What happens to nodes that the device cannot run; they are reported if not told.
         */fallback: Fallback? = nil,
        /**
         * Whether the model's files are copied into memory rather than mapped. A mapped file must not be shortened by another program
         * while the model lives: reading beyond its end then ends the process.
         */copyFiles: Bool = false,
        /**
         * What loading and running may use at most, where it is to be other than the defaults.
         */limits: [Limit] = [],
        /**
         * Passes of the optimiser that are switched off, by name.
         */disabledPasses: [String] = [],
        /**
         * States: after each run of a session, an output becomes the next run's input.
         */states: [State] = [],
        /**
         * For how many sets of input shapes the model remembers the results of shape arithmetic; 16 if not told.
         */maxCachedShapes: UInt32? = nil,
        /**
         * Ends loading early.
         */cancel: Cancel? = nil,
        /**
         * How many milliseconds the load may take; 0 for any number.
         */timeoutMs: UInt64 = UInt64(0),
        /**
         * Is told how far loading has come.
         */progress: Progress? = nil,
        /**
         * Is given lines about the load.
         */log: Log? = nil,
        /**
         * Which lines those are: of this level and what matters more; warnings if not told.
         */logLevel: LogLevel? = nil,
        /**
         * Contents of files that the model keeps weights in, for models that have no folder. Where one is given, no folder is looked into.
         */externals: [External] = []) {
        self.threads = threads
        self.pool = pool
        self.device = device
        self.fallback = fallback
        self.copyFiles = copyFiles
        self.limits = limits
        self.disabledPasses = disabledPasses
        self.states = states
        self.maxCachedShapes = maxCachedShapes
        self.cancel = cancel
        self.timeoutMs = timeoutMs
        self.progress = progress
        self.log = log
        self.logLevel = logLevel
        self.externals = externals
    }




}

#if compiler(>=6)
extension LoadOptions: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeLoadOptions: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> LoadOptions {
        return
            try LoadOptions(
                threads: FfiConverterUInt32.read(from: &buf),
                pool: FfiConverterOptionTypePool.read(from: &buf),
                device: FfiConverterOptionString.read(from: &buf),
                fallback: FfiConverterOptionTypeFallback.read(from: &buf),
                copyFiles: FfiConverterBool.read(from: &buf),
                limits: FfiConverterSequenceTypeLimit.read(from: &buf),
                disabledPasses: FfiConverterSequenceString.read(from: &buf),
                states: FfiConverterSequenceTypeState.read(from: &buf),
                maxCachedShapes: FfiConverterOptionUInt32.read(from: &buf),
                cancel: FfiConverterOptionTypeCancel.read(from: &buf),
                timeoutMs: FfiConverterUInt64.read(from: &buf),
                progress: FfiConverterOptionTypeProgress.read(from: &buf),
                log: FfiConverterOptionTypeLog.read(from: &buf),
                logLevel: FfiConverterOptionTypeLogLevel.read(from: &buf),
                externals: FfiConverterSequenceTypeExternal.read(from: &buf)
        )
    }

    public static func write(_ value: LoadOptions, into buf: inout [UInt8]) {
        FfiConverterUInt32.write(value.threads, into: &buf)
        FfiConverterOptionTypePool.write(value.pool, into: &buf)
        FfiConverterOptionString.write(value.device, into: &buf)
        FfiConverterOptionTypeFallback.write(value.fallback, into: &buf)
        FfiConverterBool.write(value.copyFiles, into: &buf)
        FfiConverterSequenceTypeLimit.write(value.limits, into: &buf)
        FfiConverterSequenceString.write(value.disabledPasses, into: &buf)
        FfiConverterSequenceTypeState.write(value.states, into: &buf)
        FfiConverterOptionUInt32.write(value.maxCachedShapes, into: &buf)
        FfiConverterOptionTypeCancel.write(value.cancel, into: &buf)
        FfiConverterUInt64.write(value.timeoutMs, into: &buf)
        FfiConverterOptionTypeProgress.write(value.progress, into: &buf)
        FfiConverterOptionTypeLog.write(value.log, into: &buf)
        FfiConverterOptionTypeLogLevel.write(value.logLevel, into: &buf)
        FfiConverterSequenceTypeExternal.write(value.externals, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeLoadOptions_lift(_ buf: RustBuffer) throws -> LoadOptions {
    return try FfiConverterTypeLoadOptions.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeLoadOptions_lower(_ value: LoadOptions) -> RustBuffer {
    return FfiConverterTypeLoadOptions.lower(value)
}


/**
 * How much memory a run will take.
 */
public struct MemoryNeed: Equatable, Hashable {
    /**
     * Peak bytes of tensors, weights not counted.
     */
    public let bytes: UInt64
    /**
     * Whether that is all; if not, some shapes depend on the inputs' contents, and it is at least so many.
     */
    public let isExact: Bool

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * Peak bytes of tensors, weights not counted.
         */bytes: UInt64,
        /**
         * Whether that is all; if not, some shapes depend on the inputs' contents, and it is at least so many.
         */isExact: Bool) {
        self.bytes = bytes
        self.isExact = isExact
    }




}

#if compiler(>=6)
extension MemoryNeed: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeMemoryNeed: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> MemoryNeed {
        return
            try MemoryNeed(
                bytes: FfiConverterUInt64.read(from: &buf),
                isExact: FfiConverterBool.read(from: &buf)
        )
    }

    public static func write(_ value: MemoryNeed, into buf: inout [UInt8]) {
        FfiConverterUInt64.write(value.bytes, into: &buf)
        FfiConverterBool.write(value.isExact, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeMemoryNeed_lift(_ buf: RustBuffer) throws -> MemoryNeed {
    return try FfiConverterTypeMemoryNeed.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeMemoryNeed_lower(_ value: MemoryNeed) -> RustBuffer {
    return FfiConverterTypeMemoryNeed.lower(value)
}


/**
 * A key and a value that a model's maker attached.
 */
public struct Metadata: Equatable, Hashable {
    /**
     * The key.
     */
    public let key: String
    /**
     * The value.
     */
    public let value: String

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * The key.
         */key: String,
        /**
         * The value.
         */value: String) {
        self.key = key
        self.value = value
    }




}

#if compiler(>=6)
extension Metadata: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeMetadata: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Metadata {
        return
            try Metadata(
                key: FfiConverterString.read(from: &buf),
                value: FfiConverterString.read(from: &buf)
        )
    }

    public static func write(_ value: Metadata, into buf: inout [UInt8]) {
        FfiConverterString.write(value.key, into: &buf)
        FfiConverterString.write(value.value, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeMetadata_lift(_ buf: RustBuffer) throws -> Metadata {
    return try FfiConverterTypeMetadata.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeMetadata_lower(_ value: Metadata) -> RustBuffer {
    return FfiConverterTypeMetadata.lower(value)
}


/**
 * What a model is.
 */
public struct ModelInfo: Equatable, Hashable {
    /**
     * What it takes, in order.
     */
    public let inputs: [Port]
    /**
     * What it gives, in order.
     */
    public let outputs: [Port]
    /**
     * The version of the file format.
     */
    public let irVersion: Int64
    /**
     * The model's own version.
     */
    public let modelVersion: Int64
    /**
     * The program that wrote the file, and its version.
     */
    public let producer: String
    /**
     * Free text.
     */
    public let description: String
    /**
     * The sets of operators that it uses.
     */
    public let opsets: [Opset]
    /**
     * Keys and values that its maker attached.
     */
    public let metadata: [Metadata]

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * What it takes, in order.
         */inputs: [Port],
        /**
         * What it gives, in order.
         */outputs: [Port],
        /**
         * The version of the file format.
         */irVersion: Int64,
        /**
         * The model's own version.
         */modelVersion: Int64,
        /**
         * The program that wrote the file, and its version.
         */producer: String,
        /**
         * Free text.
         */description: String,
        /**
         * The sets of operators that it uses.
         */opsets: [Opset],
        /**
         * Keys and values that its maker attached.
         */metadata: [Metadata]) {
        self.inputs = inputs
        self.outputs = outputs
        self.irVersion = irVersion
        self.modelVersion = modelVersion
        self.producer = producer
        self.description = description
        self.opsets = opsets
        self.metadata = metadata
    }




}

#if compiler(>=6)
extension ModelInfo: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeModelInfo: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> ModelInfo {
        return
            try ModelInfo(
                inputs: FfiConverterSequenceTypePort.read(from: &buf),
                outputs: FfiConverterSequenceTypePort.read(from: &buf),
                irVersion: FfiConverterInt64.read(from: &buf),
                modelVersion: FfiConverterInt64.read(from: &buf),
                producer: FfiConverterString.read(from: &buf),
                description: FfiConverterString.read(from: &buf),
                opsets: FfiConverterSequenceTypeOpset.read(from: &buf),
                metadata: FfiConverterSequenceTypeMetadata.read(from: &buf)
        )
    }

    public static func write(_ value: ModelInfo, into buf: inout [UInt8]) {
        FfiConverterSequenceTypePort.write(value.inputs, into: &buf)
        FfiConverterSequenceTypePort.write(value.outputs, into: &buf)
        FfiConverterInt64.write(value.irVersion, into: &buf)
        FfiConverterInt64.write(value.modelVersion, into: &buf)
        FfiConverterString.write(value.producer, into: &buf)
        FfiConverterString.write(value.description, into: &buf)
        FfiConverterSequenceTypeOpset.write(value.opsets, into: &buf)
        FfiConverterSequenceTypeMetadata.write(value.metadata, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeModelInfo_lift(_ buf: RustBuffer) throws -> ModelInfo {
    return try FfiConverterTypeModelInfo.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeModelInfo_lower(_ value: ModelInfo) -> RustBuffer {
    return FfiConverterTypeModelInfo.lower(value)
}


/**
 * Where a model's nodes run.
 */
public struct ModelReport: Equatable, Hashable {
    /**
     * Each node of the optimised graph, in the order in which they run.
     */
    public let nodes: [Placement]
    /**
     * The optimiser's passes that changed something, in order.
     */
    public let passes: [String]
    /**
     * Bytes of weights in packed layouts.
     */
    public let packedBytes: UInt64
    /**
     * Bytes of constants that are kept as they are.
     */
    public let constantBytes: UInt64
    /**
     * All of it as JSON.
     */
    public let json: String

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * Each node of the optimised graph, in the order in which they run.
         */nodes: [Placement],
        /**
         * The optimiser's passes that changed something, in order.
         */passes: [String],
        /**
         * Bytes of weights in packed layouts.
         */packedBytes: UInt64,
        /**
         * Bytes of constants that are kept as they are.
         */constantBytes: UInt64,
        /**
         * All of it as JSON.
         */json: String) {
        self.nodes = nodes
        self.passes = passes
        self.packedBytes = packedBytes
        self.constantBytes = constantBytes
        self.json = json
    }




}

#if compiler(>=6)
extension ModelReport: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeModelReport: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> ModelReport {
        return
            try ModelReport(
                nodes: FfiConverterSequenceTypePlacement.read(from: &buf),
                passes: FfiConverterSequenceString.read(from: &buf),
                packedBytes: FfiConverterUInt64.read(from: &buf),
                constantBytes: FfiConverterUInt64.read(from: &buf),
                json: FfiConverterString.read(from: &buf)
        )
    }

    public static func write(_ value: ModelReport, into buf: inout [UInt8]) {
        FfiConverterSequenceTypePlacement.write(value.nodes, into: &buf)
        FfiConverterSequenceString.write(value.passes, into: &buf)
        FfiConverterUInt64.write(value.packedBytes, into: &buf)
        FfiConverterUInt64.write(value.constantBytes, into: &buf)
        FfiConverterString.write(value.json, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeModelReport_lift(_ buf: RustBuffer) throws -> ModelReport {
    return try FfiConverterTypeModelReport.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeModelReport_lower(_ value: ModelReport) -> RustBuffer {
    return FfiConverterTypeModelReport.lower(value)
}


/**
 * What one node spent.
 */
public struct NodeReport: Equatable, Hashable {
    /**
     * The node's name in the model; its operator's if it has none.
     */
    public let node: String
    /**
     * The operator.
     */
    public let op: String
    /**
     * The backend that computed it.
     */
    public let backend: String
    /**
     * The element type of its first output by its number in the standard; 0 if that is no tensor.
     */
    public let dtype: Int32
    /**
     * How long it took.
     */
    public let nanoseconds: UInt64
    /**
     * Bytes of its outputs.
     */
    public let outputBytes: UInt64
    /**
     * How deeply it is nested in control flow; 0 for the main graph.
     */
    public let depth: UInt32
    /**
     * Why it did not run on the device that was asked for, if it did not.
     */
    public let fallback: String?

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * The node's name in the model; its operator's if it has none.
         */node: String,
        /**
         * The operator.
         */op: String,
        /**
         * The backend that computed it.
         */backend: String,
        /**
         * The element type of its first output by its number in the standard; 0 if that is no tensor.
         */dtype: Int32,
        /**
         * How long it took.
         */nanoseconds: UInt64,
        /**
         * Bytes of its outputs.
         */outputBytes: UInt64,
        /**
         * How deeply it is nested in control flow; 0 for the main graph.
         */depth: UInt32,
        /**
         * Why it did not run on the device that was asked for, if it did not.
         */fallback: String?) {
        self.node = node
        self.op = op
        self.backend = backend
        self.dtype = dtype
        self.nanoseconds = nanoseconds
        self.outputBytes = outputBytes
        self.depth = depth
        self.fallback = fallback
    }




}

#if compiler(>=6)
extension NodeReport: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeNodeReport: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> NodeReport {
        return
            try NodeReport(
                node: FfiConverterString.read(from: &buf),
                op: FfiConverterString.read(from: &buf),
                backend: FfiConverterString.read(from: &buf),
                dtype: FfiConverterInt32.read(from: &buf),
                nanoseconds: FfiConverterUInt64.read(from: &buf),
                outputBytes: FfiConverterUInt64.read(from: &buf),
                depth: FfiConverterUInt32.read(from: &buf),
                fallback: FfiConverterOptionString.read(from: &buf)
        )
    }

    public static func write(_ value: NodeReport, into buf: inout [UInt8]) {
        FfiConverterString.write(value.node, into: &buf)
        FfiConverterString.write(value.op, into: &buf)
        FfiConverterString.write(value.backend, into: &buf)
        FfiConverterInt32.write(value.dtype, into: &buf)
        FfiConverterUInt64.write(value.nanoseconds, into: &buf)
        FfiConverterUInt64.write(value.outputBytes, into: &buf)
        FfiConverterUInt32.write(value.depth, into: &buf)
        FfiConverterOptionString.write(value.fallback, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeNodeReport_lift(_ buf: RustBuffer) throws -> NodeReport {
    return try FfiConverterTypeNodeReport.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeNodeReport_lower(_ value: NodeReport) -> RustBuffer {
    return FfiConverterTypeNodeReport.lower(value)
}


/**
 * A set of operators.
 */
public struct Opset: Equatable, Hashable {
    /**
     * Its domain; the main one is called `ai.onnx`.
     */
    public let domain: String
    /**
     * Its version.
     */
    public let version: Int64

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * Its domain; the main one is called `ai.onnx`.
         */domain: String,
        /**
         * Its version.
         */version: Int64) {
        self.domain = domain
        self.version = version
    }




}

#if compiler(>=6)
extension Opset: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeOpset: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Opset {
        return
            try Opset(
                domain: FfiConverterString.read(from: &buf),
                version: FfiConverterInt64.read(from: &buf)
        )
    }

    public static func write(_ value: Opset, into buf: inout [UInt8]) {
        FfiConverterString.write(value.domain, into: &buf)
        FfiConverterInt64.write(value.version, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeOpset_lift(_ buf: RustBuffer) throws -> Opset {
    return try FfiConverterTypeOpset.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeOpset_lower(_ value: Opset) -> RustBuffer {
    return FfiConverterTypeOpset.lower(value)
}


/**
 * An output of a run.
 */
public struct Output {
    /**
     * The value.
     */
    public let value: Value
    /**
     * What is to be known of it, so that nobody has to ask.
     */
    public let info: ValueInfo

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * The value.
         */value: Value,
        /**
         * What is to be known of it, so that nobody has to ask.
         */info: ValueInfo) {
        self.value = value
        self.info = info
    }




}

#if compiler(>=6)
extension Output: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeOutput: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Output {
        return
            try Output(
                value: FfiConverterTypeValue.read(from: &buf),
                info: FfiConverterTypeValueInfo.read(from: &buf)
        )
    }

    public static func write(_ value: Output, into buf: inout [UInt8]) {
        FfiConverterTypeValue.write(value.value, into: &buf)
        FfiConverterTypeValueInfo.write(value.info, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeOutput_lift(_ buf: RustBuffer) throws -> Output {
    return try FfiConverterTypeOutput.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeOutput_lower(_ value: Output) -> RustBuffer {
    return FfiConverterTypeOutput.lower(value)
}


/**
 * Where one node runs.
 */
public struct Placement: Equatable, Hashable {
    /**
     * The node's name in the model; its operator's if it has none.
     */
    public let node: String
    /**
     * The operator.
     */
    public let op: String
    /**
     * The backend that computes it.
     */
    public let backend: String
    /**
     * Why it does not run on the device that was asked for, if it does not.
     */
    public let fallback: String?

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * The node's name in the model; its operator's if it has none.
         */node: String,
        /**
         * The operator.
         */op: String,
        /**
         * The backend that computes it.
         */backend: String,
        /**
         * Why it does not run on the device that was asked for, if it does not.
         */fallback: String?) {
        self.node = node
        self.op = op
        self.backend = backend
        self.fallback = fallback
    }




}

#if compiler(>=6)
extension Placement: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypePlacement: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Placement {
        return
            try Placement(
                node: FfiConverterString.read(from: &buf),
                op: FfiConverterString.read(from: &buf),
                backend: FfiConverterString.read(from: &buf),
                fallback: FfiConverterOptionString.read(from: &buf)
        )
    }

    public static func write(_ value: Placement, into buf: inout [UInt8]) {
        FfiConverterString.write(value.node, into: &buf)
        FfiConverterString.write(value.op, into: &buf)
        FfiConverterString.write(value.backend, into: &buf)
        FfiConverterOptionString.write(value.fallback, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypePlacement_lift(_ buf: RustBuffer) throws -> Placement {
    return try FfiConverterTypePlacement.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypePlacement_lower(_ value: Placement) -> RustBuffer {
    return FfiConverterTypePlacement.lower(value)
}


/**
 * An input or output of a model.
 */
public struct Port: Equatable, Hashable {
    /**
     * Its name.
     */
    public let name: String
    /**
     * Its type as text, such as `float32[n, 3, 224, 224]`.
     */
    public let typeText: String
    /**
     * The element type by its number in the standard; 0 if it is no tensor or open.
     */
    public let dtype: Int32
    /**
     * The sizes, -1 where one is open; none if even the rank is open, or it is no tensor.
     */
    public let dims: [Int64]?
    /**
     * Whether an input may be left out.
     */
    public let isOptional: Bool

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * Its name.
         */name: String,
        /**
         * Its type as text, such as `float32[n, 3, 224, 224]`.
         */typeText: String,
        /**
         * The element type by its number in the standard; 0 if it is no tensor or open.
         */dtype: Int32,
        /**
         * The sizes, -1 where one is open; none if even the rank is open, or it is no tensor.
         */dims: [Int64]?,
        /**
         * Whether an input may be left out.
         */isOptional: Bool) {
        self.name = name
        self.typeText = typeText
        self.dtype = dtype
        self.dims = dims
        self.isOptional = isOptional
    }




}

#if compiler(>=6)
extension Port: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypePort: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Port {
        return
            try Port(
                name: FfiConverterString.read(from: &buf),
                typeText: FfiConverterString.read(from: &buf),
                dtype: FfiConverterInt32.read(from: &buf),
                dims: FfiConverterOptionSequenceInt64.read(from: &buf),
                isOptional: FfiConverterBool.read(from: &buf)
        )
    }

    public static func write(_ value: Port, into buf: inout [UInt8]) {
        FfiConverterString.write(value.name, into: &buf)
        FfiConverterString.write(value.typeText, into: &buf)
        FfiConverterInt32.write(value.dtype, into: &buf)
        FfiConverterOptionSequenceInt64.write(value.dims, into: &buf)
        FfiConverterBool.write(value.isOptional, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypePort_lift(_ buf: RustBuffer) throws -> Port {
    return try FfiConverterTypePort.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypePort_lower(_ value: Port) -> RustBuffer {
    return FfiConverterTypePort.lower(value)
}


/**
 * Choices for one run. Each is at its default if it is left out.
 */
public struct RunOptions {
    /**
     * Ends the run early.
     */
    public let cancel: Cancel?
    /**
     * How many milliseconds the run may take; 0 for any number.
     */
    public let timeoutMs: UInt64
    /**
     * Of the graph's random numbers, where it draws any.
     */
    public let seed: UInt64
    /**
     * Whether to record each node's time.
     */
    public let report: Bool

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * Ends the run early.
         */cancel: Cancel? = nil,
        /**
         * How many milliseconds the run may take; 0 for any number.
         */timeoutMs: UInt64 = UInt64(0),
        /**
         * Of the graph's random numbers, where it draws any.
         */seed: UInt64 = UInt64(0),
        /**
         * Whether to record each node's time.
         */report: Bool = false) {
        self.cancel = cancel
        self.timeoutMs = timeoutMs
        self.seed = seed
        self.report = report
    }




}

#if compiler(>=6)
extension RunOptions: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeRunOptions: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> RunOptions {
        return
            try RunOptions(
                cancel: FfiConverterOptionTypeCancel.read(from: &buf),
                timeoutMs: FfiConverterUInt64.read(from: &buf),
                seed: FfiConverterUInt64.read(from: &buf),
                report: FfiConverterBool.read(from: &buf)
        )
    }

    public static func write(_ value: RunOptions, into buf: inout [UInt8]) {
        FfiConverterOptionTypeCancel.write(value.cancel, into: &buf)
        FfiConverterUInt64.write(value.timeoutMs, into: &buf)
        FfiConverterUInt64.write(value.seed, into: &buf)
        FfiConverterBool.write(value.report, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeRunOptions_lift(_ buf: RustBuffer) throws -> RunOptions {
    return try FfiConverterTypeRunOptions.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeRunOptions_lower(_ value: RunOptions) -> RustBuffer {
    return FfiConverterTypeRunOptions.lower(value)
}


/**
 * What a run gives.
 */
public struct RunResult {
    /**
     * The outputs, in the model's order.
     */
    public let outputs: [Output]
    /**
     * What the run spent, if that was asked for.
     */
    public let report: RunReport?

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * The outputs, in the model's order.
         */outputs: [Output],
        /**
         * What the run spent, if that was asked for.
         */report: RunReport?) {
        self.outputs = outputs
        self.report = report
    }




}

#if compiler(>=6)
extension RunResult: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeRunResult: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> RunResult {
        return
            try RunResult(
                outputs: FfiConverterSequenceTypeOutput.read(from: &buf),
                report: FfiConverterOptionTypeRunReport.read(from: &buf)
        )
    }

    public static func write(_ value: RunResult, into buf: inout [UInt8]) {
        FfiConverterSequenceTypeOutput.write(value.outputs, into: &buf)
        FfiConverterOptionTypeRunReport.write(value.report, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeRunResult_lift(_ buf: RustBuffer) throws -> RunResult {
    return try FfiConverterTypeRunResult.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeRunResult_lower(_ value: RunResult) -> RustBuffer {
    return FfiConverterTypeRunResult.lower(value)
}


/**
 * What one run spent in all.
 */
public struct RunSummary: Equatable, Hashable {
    /**
     * The whole run.
     */
    public let nanoseconds: UInt64
    /**
     * The most bytes of tensors that were held at a time.
     */
    public let peakBytes: UInt64
    /**
     * How many nodes did not run, since their results follow from input shapes that have been seen before.
     */
    public let nSpared: UInt64

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * The whole run.
         */nanoseconds: UInt64,
        /**
         * The most bytes of tensors that were held at a time.
         */peakBytes: UInt64,
        /**
         * How many nodes did not run, since their results follow from input shapes that have been seen before.
         */nSpared: UInt64) {
        self.nanoseconds = nanoseconds
        self.peakBytes = peakBytes
        self.nSpared = nSpared
    }




}

#if compiler(>=6)
extension RunSummary: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeRunSummary: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> RunSummary {
        return
            try RunSummary(
                nanoseconds: FfiConverterUInt64.read(from: &buf),
                peakBytes: FfiConverterUInt64.read(from: &buf),
                nSpared: FfiConverterUInt64.read(from: &buf)
        )
    }

    public static func write(_ value: RunSummary, into buf: inout [UInt8]) {
        FfiConverterUInt64.write(value.nanoseconds, into: &buf)
        FfiConverterUInt64.write(value.peakBytes, into: &buf)
        FfiConverterUInt64.write(value.nSpared, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeRunSummary_lift(_ buf: RustBuffer) throws -> RunSummary {
    return try FfiConverterTypeRunSummary.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeRunSummary_lower(_ value: RunSummary) -> RustBuffer {
    return FfiConverterTypeRunSummary.lower(value)
}


/**
 * A state of a model.
 */
public struct State: Equatable, Hashable {
    /**
     * The input, by name.
     */
    public let input: String
    /**
     * The output that becomes the next run's input, by name.
     */
    public let output: String

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * The input, by name.
         */input: String,
        /**
         * The output that becomes the next run's input, by name.
         */output: String) {
        self.input = input
        self.output = output
    }




}

#if compiler(>=6)
extension State: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeState: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> State {
        return
            try State(
                input: FfiConverterString.read(from: &buf),
                output: FfiConverterString.read(from: &buf)
        )
    }

    public static func write(_ value: State, into buf: inout [UInt8]) {
        FfiConverterString.write(value.input, into: &buf)
        FfiConverterString.write(value.output, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeState_lift(_ buf: RustBuffer) throws -> State {
    return try FfiConverterTypeState.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeState_lower(_ value: State) -> RustBuffer {
    return FfiConverterTypeState.lower(value)
}


/**
 * All that is to be known of a value but its contents.
 */
public struct ValueInfo: Equatable, Hashable {
    /**
     * What it is.
     */
    public let kind: ValueKind
    /**
     * The element type by its number in the standard; 0 if it is no tensor.
     */
    public let dtype: Int32
    /**
     * The sizes; empty if it is no tensor.
     */
    public let shape: [Int64]
    /**
     * Where the elements lie, as long as the value is not freed; 0 if it has no bytes. They are row-major and little-endian, aligned for
     * the element type, those of less than 8 bits packed with the first in the low bits.
     */
    public let address: UInt64
    /**
     * How many bytes they are; 0 for strings and what is no tensor.
     */
    public let byteLen: UInt64

    // Default memberwise initializers are never public by default, so we
    // declare one manually.
    public init(
        /**
         * What it is.
         */kind: ValueKind,
        /**
         * The element type by its number in the standard; 0 if it is no tensor.
         */dtype: Int32,
        /**
         * The sizes; empty if it is no tensor.
         */shape: [Int64],
        /**
         * Where the elements lie, as long as the value is not freed; 0 if it has no bytes. They are row-major and little-endian, aligned for
         * the element type, those of less than 8 bits packed with the first in the low bits.
         */address: UInt64,
        /**
         * How many bytes they are; 0 for strings and what is no tensor.
         */byteLen: UInt64) {
        self.kind = kind
        self.dtype = dtype
        self.shape = shape
        self.address = address
        self.byteLen = byteLen
    }




}

#if compiler(>=6)
extension ValueInfo: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeValueInfo: FfiConverterRustBuffer {
    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> ValueInfo {
        return
            try ValueInfo(
                kind: FfiConverterTypeValueKind.read(from: &buf),
                dtype: FfiConverterInt32.read(from: &buf),
                shape: FfiConverterSequenceInt64.read(from: &buf),
                address: FfiConverterUInt64.read(from: &buf),
                byteLen: FfiConverterUInt64.read(from: &buf)
        )
    }

    public static func write(_ value: ValueInfo, into buf: inout [UInt8]) {
        FfiConverterTypeValueKind.write(value.kind, into: &buf)
        FfiConverterInt32.write(value.dtype, into: &buf)
        FfiConverterSequenceInt64.write(value.shape, into: &buf)
        FfiConverterUInt64.write(value.address, into: &buf)
        FfiConverterUInt64.write(value.byteLen, into: &buf)
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeValueInfo_lift(_ buf: RustBuffer) throws -> ValueInfo {
    return try FfiConverterTypeValueInfo.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeValueInfo_lower(_ value: ValueInfo) -> RustBuffer {
    return FfiConverterTypeValueInfo.lower(value)
}


/**
 * What went wrong, where, and what to do about it.
 */
public
enum DunlinError: Swift.Error, Equatable, Hashable, Foundation.LocalizedError {



    /**
     * The only case: `kind` tells them apart.
     */
    case Failed(
        /**
         * The kind.
         */kind: ErrorKind,
        /**
         * All that there is to say in one line, the place and the hint included.
         */text: String,
        /**
         * What is wrong, without the place.
         */detail: String,
        /**
         * The node, by its name in the model.
         */node: String?,
        /**
         * The node's operator.
         */op: String?,
        /**
         * The model's file, if it came from one.
         */file: String?,
        /**
         * The byte of the file that is wrong, or where the node begins.
         */offset: UInt64?,
        /**
         * What to do about it, if there is something.
         */hint: String?
    )






    public var errorDescription: String? {
        String(reflecting: self)
    }

}

#if compiler(>=6)
extension DunlinError: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeDunlinError: FfiConverterRustBuffer {
    typealias SwiftType = DunlinError

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> DunlinError {
        let variant: Int32 = try readInt(&buf)
        switch variant {




        case 1: return .Failed(
            kind: try FfiConverterTypeErrorKind.read(from: &buf),
            text: try FfiConverterString.read(from: &buf),
            detail: try FfiConverterString.read(from: &buf),
            node: try FfiConverterOptionString.read(from: &buf),
            op: try FfiConverterOptionString.read(from: &buf),
            file: try FfiConverterOptionString.read(from: &buf),
            offset: try FfiConverterOptionUInt64.read(from: &buf),
            hint: try FfiConverterOptionString.read(from: &buf)
            )

         default: throw UniffiInternalError.unexpectedEnumCase
        }
    }

    public static func write(_ value: DunlinError, into buf: inout [UInt8]) {
        switch value {





        case let .Failed(kind,text,detail,node,op,file,offset,hint):
            writeInt(&buf, Int32(1))
            FfiConverterTypeErrorKind.write(kind, into: &buf)
            FfiConverterString.write(text, into: &buf)
            FfiConverterString.write(detail, into: &buf)
            FfiConverterOptionString.write(node, into: &buf)
            FfiConverterOptionString.write(op, into: &buf)
            FfiConverterOptionString.write(file, into: &buf)
            FfiConverterOptionUInt64.write(offset, into: &buf)
            FfiConverterOptionString.write(hint, into: &buf)

        }
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeDunlinError_lift(_ buf: RustBuffer) throws -> DunlinError {
    return try FfiConverterTypeDunlinError.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeDunlinError_lower(_ value: DunlinError) -> RustBuffer {
    return FfiConverterTypeDunlinError.lower(value)
}


/**
 * What kind of thing went wrong. [`error_kind_name`] has the names.
 */

public enum ErrorKind: Equatable, Hashable {

    /**
     * A file could not be opened or read.
     */
    case io
    /**
     * The bytes are not a model, or damaged.
     */
    case format
    /**
     * The model needs something that Dunlin does not have.
     */
    case unsupported
    /**
     * The model's graph is not well formed.
     */
    case graph
    /**
     * Shapes within the model, or of its inputs, do not fit.
     */
    case shape
    /**
     * Element types do not fit.
     */
    case dType
    /**
     * An input is missing, unknown, or has values that the model does not allow.
     */
    case input
    /**
     * No memory.
     */
    case outOfMemory
    /**
     * One of the limits was reached.
     */
    case limit
    /**
     * Something that was asked for by name does not exist.
     */
    case notFound
    /**
     * Contents do not match their checksum or reference.
     */
    case integrity
    /**
     * A node cannot run on the device, and falling back is denied.
     */
    case placement
    /**
     * The device failed, or is not in this build.
     */
    case device
    /**
     * The load or run was cancelled.
     */
    case cancelled
    /**
     * The load's or run's deadline passed.
     */
    case deadline
    /**
     * A bug in Dunlin.
     */
    case `internal`
    /**
     * A session is in the middle of another call.
     */
    case busy





}

#if compiler(>=6)
extension ErrorKind: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeErrorKind: FfiConverterRustBuffer {
    typealias SwiftType = ErrorKind

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> ErrorKind {
        let variant: Int32 = try readInt(&buf)
        switch variant {

        case 1: return .io

        case 2: return .format

        case 3: return .unsupported

        case 4: return .graph

        case 5: return .shape

        case 6: return .dType

        case 7: return .input

        case 8: return .outOfMemory

        case 9: return .limit

        case 10: return .notFound

        case 11: return .integrity

        case 12: return .placement

        case 13: return .device

        case 14: return .cancelled

        case 15: return .deadline

        case 16: return .`internal`

        case 17: return .busy

        default: throw UniffiInternalError.unexpectedEnumCase
        }
    }

    public static func write(_ value: ErrorKind, into buf: inout [UInt8]) {
        switch value {


        case .io:
            writeInt(&buf, Int32(1))


        case .format:
            writeInt(&buf, Int32(2))


        case .unsupported:
            writeInt(&buf, Int32(3))


        case .graph:
            writeInt(&buf, Int32(4))


        case .shape:
            writeInt(&buf, Int32(5))


        case .dType:
            writeInt(&buf, Int32(6))


        case .input:
            writeInt(&buf, Int32(7))


        case .outOfMemory:
            writeInt(&buf, Int32(8))


        case .limit:
            writeInt(&buf, Int32(9))


        case .notFound:
            writeInt(&buf, Int32(10))


        case .integrity:
            writeInt(&buf, Int32(11))


        case .placement:
            writeInt(&buf, Int32(12))


        case .device:
            writeInt(&buf, Int32(13))


        case .cancelled:
            writeInt(&buf, Int32(14))


        case .deadline:
            writeInt(&buf, Int32(15))


        case .`internal`:
            writeInt(&buf, Int32(16))


        case .busy:
            writeInt(&buf, Int32(17))

        }
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeErrorKind_lift(_ buf: RustBuffer) throws -> ErrorKind {
    return try FfiConverterTypeErrorKind.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeErrorKind_lower(_ value: ErrorKind) -> RustBuffer {
    return FfiConverterTypeErrorKind.lower(value)
}



/**
 * What happens to nodes that the device cannot run.
 */

public enum Fallback: Equatable, Hashable {

    /**
     * Loading fails with the kind `placement` and names them.
     */
    case deny
    /**
     * They run on the CPU, and the report lists them with the reason.
     */
    case report
    /**
     * They run on the CPU; the report still lists them, but nothing is logged.
     */
    case allow





}

#if compiler(>=6)
extension Fallback: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeFallback: FfiConverterRustBuffer {
    typealias SwiftType = Fallback

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Fallback {
        let variant: Int32 = try readInt(&buf)
        switch variant {

        case 1: return .deny

        case 2: return .report

        case 3: return .allow

        default: throw UniffiInternalError.unexpectedEnumCase
        }
    }

    public static func write(_ value: Fallback, into buf: inout [UInt8]) {
        switch value {


        case .deny:
            writeInt(&buf, Int32(1))


        case .report:
            writeInt(&buf, Int32(2))


        case .allow:
            writeInt(&buf, Int32(3))

        }
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeFallback_lift(_ buf: RustBuffer) throws -> Fallback {
    return try FfiConverterTypeFallback.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeFallback_lower(_ value: Fallback) -> RustBuffer {
    return FfiConverterTypeFallback.lower(value)
}



/**
 * What a limit is of.
 */

public enum LimitOf: Equatable, Hashable {

    /**
     * Bytes of the model's file.
     */
    case fileBytes
    /**
     * Bytes that the decoded file may take, weights not counted.
     */
    case decodedBytes
    /**
     * Nodes of the model.
     */
    case nodes
    /**
     * Bytes of one tensor, in the file and in a run.
     */
    case tensorBytes
    /**
     * Bytes of all tensors that one run holds at a time.
     */
    case runBytes
    /**
     * Steps of one loop.
     */
    case loopSteps
    /**
     * Dimensions of a tensor.
     */
    case rank
    /**
     * Bytes of one string.
     */
    case stringBytes





}

#if compiler(>=6)
extension LimitOf: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeLimitOf: FfiConverterRustBuffer {
    typealias SwiftType = LimitOf

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> LimitOf {
        let variant: Int32 = try readInt(&buf)
        switch variant {

        case 1: return .fileBytes

        case 2: return .decodedBytes

        case 3: return .nodes

        case 4: return .tensorBytes

        case 5: return .runBytes

        case 6: return .loopSteps

        case 7: return .rank

        case 8: return .stringBytes

        default: throw UniffiInternalError.unexpectedEnumCase
        }
    }

    public static func write(_ value: LimitOf, into buf: inout [UInt8]) {
        switch value {


        case .fileBytes:
            writeInt(&buf, Int32(1))


        case .decodedBytes:
            writeInt(&buf, Int32(2))


        case .nodes:
            writeInt(&buf, Int32(3))


        case .tensorBytes:
            writeInt(&buf, Int32(4))


        case .runBytes:
            writeInt(&buf, Int32(5))


        case .loopSteps:
            writeInt(&buf, Int32(6))


        case .rank:
            writeInt(&buf, Int32(7))


        case .stringBytes:
            writeInt(&buf, Int32(8))

        }
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeLimitOf_lift(_ buf: RustBuffer) throws -> LimitOf {
    return try FfiConverterTypeLimitOf.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeLimitOf_lower(_ value: LimitOf) -> RustBuffer {
    return FfiConverterTypeLimitOf.lower(value)
}



/**
 * How much a line of the log matters.
 */

public enum LogLevel: Equatable, Hashable {

    /**
     * Something that a user of the model should know: nodes that do not run where they were asked to.
     */
    case warning
    /**
     * What was loaded and how.
     */
    case info
    /**
     * Details for somebody who looks for a reason.
     */
    case debug





}

#if compiler(>=6)
extension LogLevel: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeLogLevel: FfiConverterRustBuffer {
    typealias SwiftType = LogLevel

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> LogLevel {
        let variant: Int32 = try readInt(&buf)
        switch variant {

        case 1: return .warning

        case 2: return .info

        case 3: return .debug

        default: throw UniffiInternalError.unexpectedEnumCase
        }
    }

    public static func write(_ value: LogLevel, into buf: inout [UInt8]) {
        switch value {


        case .warning:
            writeInt(&buf, Int32(1))


        case .info:
            writeInt(&buf, Int32(2))


        case .debug:
            writeInt(&buf, Int32(3))

        }
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeLogLevel_lift(_ buf: RustBuffer) throws -> LogLevel {
    return try FfiConverterTypeLogLevel.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeLogLevel_lower(_ value: LogLevel) -> RustBuffer {
    return FfiConverterTypeLogLevel.lower(value)
}



/**
 * Where a model comes from.
 */

public enum Source {

    /**
     * The file at a path.
     */
    case path(
        /**
         * The path.
         */path: String
    )
    /**
     * A part of the file of an open descriptor, such as a model that is stored uncompressed in an archive. The descriptor is duplicated:
     * the host's may be closed when the load is over.
     */
    case descriptor(
        /**
         * The descriptor.
         */descriptor: Int32,
        /**
         * Where the part begins, in bytes.
         */offset: UInt64,
        /**
         * How many bytes it has; none for all to the end.
         */length: UInt64?
    )
    /**
     * Memory: the bytes of a tensor of any type, which are kept and not copied.
     */
    case memory(
        /**
         * The tensor.
         */bytes: Value
    )





}

#if compiler(>=6)
extension Source: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeSource: FfiConverterRustBuffer {
    typealias SwiftType = Source

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Source {
        let variant: Int32 = try readInt(&buf)
        switch variant {

        case 1: return .path(path: try FfiConverterString.read(from: &buf)
        )

        case 2: return .descriptor(descriptor: try FfiConverterInt32.read(from: &buf), offset: try FfiConverterUInt64.read(from: &buf), length: try FfiConverterOptionUInt64.read(from: &buf)
        )

        case 3: return .memory(bytes: try FfiConverterTypeValue.read(from: &buf)
        )

        default: throw UniffiInternalError.unexpectedEnumCase
        }
    }

    public static func write(_ value: Source, into buf: inout [UInt8]) {
        switch value {


        case let .path(path):
            writeInt(&buf, Int32(1))
            FfiConverterString.write(path, into: &buf)


        case let .descriptor(descriptor,offset,length):
            writeInt(&buf, Int32(2))
            FfiConverterInt32.write(descriptor, into: &buf)
            FfiConverterUInt64.write(offset, into: &buf)
            FfiConverterOptionUInt64.write(length, into: &buf)


        case let .memory(bytes):
            writeInt(&buf, Int32(3))
            FfiConverterTypeValue.write(bytes, into: &buf)

        }
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeSource_lift(_ buf: RustBuffer) throws -> Source {
    return try FfiConverterTypeSource.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeSource_lower(_ value: Source) -> RustBuffer {
    return FfiConverterTypeSource.lower(value)
}



/**
 * The stages of loading.
 */

public enum Stage: Equatable, Hashable {

    /**
     * The file is checked and its graph built.
     */
    case read
    /**
     * The graph is simplified and fused.
     */
    case optimize
    /**
     * Weights are packed and the steps laid out.
     */
    case plan
    /**
     * The model is ready.
     */
    case done





}

#if compiler(>=6)
extension Stage: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeStage: FfiConverterRustBuffer {
    typealias SwiftType = Stage

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> Stage {
        let variant: Int32 = try readInt(&buf)
        switch variant {

        case 1: return .read

        case 2: return .optimize

        case 3: return .plan

        case 4: return .done

        default: throw UniffiInternalError.unexpectedEnumCase
        }
    }

    public static func write(_ value: Stage, into buf: inout [UInt8]) {
        switch value {


        case .read:
            writeInt(&buf, Int32(1))


        case .optimize:
            writeInt(&buf, Int32(2))


        case .plan:
            writeInt(&buf, Int32(3))


        case .done:
            writeInt(&buf, Int32(4))

        }
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeStage_lift(_ buf: RustBuffer) throws -> Stage {
    return try FfiConverterTypeStage.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeStage_lower(_ value: Stage) -> RustBuffer {
    return FfiConverterTypeStage.lower(value)
}



/**
 * What a value is.
 */

public enum ValueKind: Equatable, Hashable {

    /**
     * A tensor.
     */
    case tensor
    /**
     * Values in order.
     */
    case sequence
    /**
     * Keys (a tensor of rank 1) and a value for each.
     */
    case map
    /**
     * A value or none.
     */
    case optional





}

#if compiler(>=6)
extension ValueKind: Sendable {}
#endif

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public struct FfiConverterTypeValueKind: FfiConverterRustBuffer {
    typealias SwiftType = ValueKind

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> ValueKind {
        let variant: Int32 = try readInt(&buf)
        switch variant {

        case 1: return .tensor

        case 2: return .sequence

        case 3: return .map

        case 4: return .optional

        default: throw UniffiInternalError.unexpectedEnumCase
        }
    }

    public static func write(_ value: ValueKind, into buf: inout [UInt8]) {
        switch value {


        case .tensor:
            writeInt(&buf, Int32(1))


        case .sequence:
            writeInt(&buf, Int32(2))


        case .map:
            writeInt(&buf, Int32(3))


        case .optional:
            writeInt(&buf, Int32(4))

        }
    }
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeValueKind_lift(_ buf: RustBuffer) throws -> ValueKind {
    return try FfiConverterTypeValueKind.lift(buf)
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
public func FfiConverterTypeValueKind_lower(_ value: ValueKind) -> RustBuffer {
    return FfiConverterTypeValueKind.lower(value)
}


#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterOptionUInt32: FfiConverterRustBuffer {
    typealias SwiftType = UInt32?

    public static func write(_ value: SwiftType, into buf: inout [UInt8]) {
        guard let value = value else {
            writeInt(&buf, Int8(0))
            return
        }
        writeInt(&buf, Int8(1))
        FfiConverterUInt32.write(value, into: &buf)
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> SwiftType {
        switch try readInt(&buf) as Int8 {
        case 0: return nil
        case 1: return try FfiConverterUInt32.read(from: &buf)
        default: throw UniffiInternalError.unexpectedOptionalTag
        }
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterOptionUInt64: FfiConverterRustBuffer {
    typealias SwiftType = UInt64?

    public static func write(_ value: SwiftType, into buf: inout [UInt8]) {
        guard let value = value else {
            writeInt(&buf, Int8(0))
            return
        }
        writeInt(&buf, Int8(1))
        FfiConverterUInt64.write(value, into: &buf)
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> SwiftType {
        switch try readInt(&buf) as Int8 {
        case 0: return nil
        case 1: return try FfiConverterUInt64.read(from: &buf)
        default: throw UniffiInternalError.unexpectedOptionalTag
        }
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterOptionString: FfiConverterRustBuffer {
    typealias SwiftType = String?

    public static func write(_ value: SwiftType, into buf: inout [UInt8]) {
        guard let value = value else {
            writeInt(&buf, Int8(0))
            return
        }
        writeInt(&buf, Int8(1))
        FfiConverterString.write(value, into: &buf)
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> SwiftType {
        switch try readInt(&buf) as Int8 {
        case 0: return nil
        case 1: return try FfiConverterString.read(from: &buf)
        default: throw UniffiInternalError.unexpectedOptionalTag
        }
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterOptionTypeCancel: FfiConverterRustBuffer {
    typealias SwiftType = Cancel?

    public static func write(_ value: SwiftType, into buf: inout [UInt8]) {
        guard let value = value else {
            writeInt(&buf, Int8(0))
            return
        }
        writeInt(&buf, Int8(1))
        FfiConverterTypeCancel.write(value, into: &buf)
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> SwiftType {
        switch try readInt(&buf) as Int8 {
        case 0: return nil
        case 1: return try FfiConverterTypeCancel.read(from: &buf)
        default: throw UniffiInternalError.unexpectedOptionalTag
        }
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterOptionTypeLog: FfiConverterRustBuffer {
    typealias SwiftType = Log?

    public static func write(_ value: SwiftType, into buf: inout [UInt8]) {
        guard let value = value else {
            writeInt(&buf, Int8(0))
            return
        }
        writeInt(&buf, Int8(1))
        FfiConverterTypeLog.write(value, into: &buf)
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> SwiftType {
        switch try readInt(&buf) as Int8 {
        case 0: return nil
        case 1: return try FfiConverterTypeLog.read(from: &buf)
        default: throw UniffiInternalError.unexpectedOptionalTag
        }
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterOptionTypePool: FfiConverterRustBuffer {
    typealias SwiftType = Pool?

    public static func write(_ value: SwiftType, into buf: inout [UInt8]) {
        guard let value = value else {
            writeInt(&buf, Int8(0))
            return
        }
        writeInt(&buf, Int8(1))
        FfiConverterTypePool.write(value, into: &buf)
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> SwiftType {
        switch try readInt(&buf) as Int8 {
        case 0: return nil
        case 1: return try FfiConverterTypePool.read(from: &buf)
        default: throw UniffiInternalError.unexpectedOptionalTag
        }
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterOptionTypeProgress: FfiConverterRustBuffer {
    typealias SwiftType = Progress?

    public static func write(_ value: SwiftType, into buf: inout [UInt8]) {
        guard let value = value else {
            writeInt(&buf, Int8(0))
            return
        }
        writeInt(&buf, Int8(1))
        FfiConverterTypeProgress.write(value, into: &buf)
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> SwiftType {
        switch try readInt(&buf) as Int8 {
        case 0: return nil
        case 1: return try FfiConverterTypeProgress.read(from: &buf)
        default: throw UniffiInternalError.unexpectedOptionalTag
        }
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterOptionTypeRunReport: FfiConverterRustBuffer {
    typealias SwiftType = RunReport?

    public static func write(_ value: SwiftType, into buf: inout [UInt8]) {
        guard let value = value else {
            writeInt(&buf, Int8(0))
            return
        }
        writeInt(&buf, Int8(1))
        FfiConverterTypeRunReport.write(value, into: &buf)
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> SwiftType {
        switch try readInt(&buf) as Int8 {
        case 0: return nil
        case 1: return try FfiConverterTypeRunReport.read(from: &buf)
        default: throw UniffiInternalError.unexpectedOptionalTag
        }
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterOptionTypeValue: FfiConverterRustBuffer {
    typealias SwiftType = Value?

    public static func write(_ value: SwiftType, into buf: inout [UInt8]) {
        guard let value = value else {
            writeInt(&buf, Int8(0))
            return
        }
        writeInt(&buf, Int8(1))
        FfiConverterTypeValue.write(value, into: &buf)
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> SwiftType {
        switch try readInt(&buf) as Int8 {
        case 0: return nil
        case 1: return try FfiConverterTypeValue.read(from: &buf)
        default: throw UniffiInternalError.unexpectedOptionalTag
        }
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterOptionTypeFallback: FfiConverterRustBuffer {
    typealias SwiftType = Fallback?

    public static func write(_ value: SwiftType, into buf: inout [UInt8]) {
        guard let value = value else {
            writeInt(&buf, Int8(0))
            return
        }
        writeInt(&buf, Int8(1))
        FfiConverterTypeFallback.write(value, into: &buf)
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> SwiftType {
        switch try readInt(&buf) as Int8 {
        case 0: return nil
        case 1: return try FfiConverterTypeFallback.read(from: &buf)
        default: throw UniffiInternalError.unexpectedOptionalTag
        }
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterOptionTypeLogLevel: FfiConverterRustBuffer {
    typealias SwiftType = LogLevel?

    public static func write(_ value: SwiftType, into buf: inout [UInt8]) {
        guard let value = value else {
            writeInt(&buf, Int8(0))
            return
        }
        writeInt(&buf, Int8(1))
        FfiConverterTypeLogLevel.write(value, into: &buf)
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> SwiftType {
        switch try readInt(&buf) as Int8 {
        case 0: return nil
        case 1: return try FfiConverterTypeLogLevel.read(from: &buf)
        default: throw UniffiInternalError.unexpectedOptionalTag
        }
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterOptionSequenceInt64: FfiConverterRustBuffer {
    typealias SwiftType = [Int64]?

    public static func write(_ value: SwiftType, into buf: inout [UInt8]) {
        guard let value = value else {
            writeInt(&buf, Int8(0))
            return
        }
        writeInt(&buf, Int8(1))
        FfiConverterSequenceInt64.write(value, into: &buf)
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> SwiftType {
        switch try readInt(&buf) as Int8 {
        case 0: return nil
        case 1: return try FfiConverterSequenceInt64.read(from: &buf)
        default: throw UniffiInternalError.unexpectedOptionalTag
        }
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterSequenceInt64: FfiConverterRustBuffer {
    typealias SwiftType = [Int64]

    public static func write(_ value: [Int64], into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        for item in value {
            FfiConverterInt64.write(item, into: &buf)
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> [Int64] {
        let len: Int32 = try readInt(&buf)
        var seq = [Int64]()
        seq.reserveCapacity(Int(len))
        for _ in 0 ..< len {
            seq.append(try FfiConverterInt64.read(from: &buf))
        }
        return seq
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterSequenceString: FfiConverterRustBuffer {
    typealias SwiftType = [String]

    public static func write(_ value: [String], into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        for item in value {
            FfiConverterString.write(item, into: &buf)
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> [String] {
        let len: Int32 = try readInt(&buf)
        var seq = [String]()
        seq.reserveCapacity(Int(len))
        for _ in 0 ..< len {
            seq.append(try FfiConverterString.read(from: &buf))
        }
        return seq
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterSequenceTypeValue: FfiConverterRustBuffer {
    typealias SwiftType = [Value]

    public static func write(_ value: [Value], into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        for item in value {
            FfiConverterTypeValue.write(item, into: &buf)
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> [Value] {
        let len: Int32 = try readInt(&buf)
        var seq = [Value]()
        seq.reserveCapacity(Int(len))
        for _ in 0 ..< len {
            seq.append(try FfiConverterTypeValue.read(from: &buf))
        }
        return seq
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterSequenceTypeExternal: FfiConverterRustBuffer {
    typealias SwiftType = [External]

    public static func write(_ value: [External], into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        for item in value {
            FfiConverterTypeExternal.write(item, into: &buf)
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> [External] {
        let len: Int32 = try readInt(&buf)
        var seq = [External]()
        seq.reserveCapacity(Int(len))
        for _ in 0 ..< len {
            seq.append(try FfiConverterTypeExternal.read(from: &buf))
        }
        return seq
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterSequenceTypeInput: FfiConverterRustBuffer {
    typealias SwiftType = [Input]

    public static func write(_ value: [Input], into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        for item in value {
            FfiConverterTypeInput.write(item, into: &buf)
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> [Input] {
        let len: Int32 = try readInt(&buf)
        var seq = [Input]()
        seq.reserveCapacity(Int(len))
        for _ in 0 ..< len {
            seq.append(try FfiConverterTypeInput.read(from: &buf))
        }
        return seq
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterSequenceTypeLimit: FfiConverterRustBuffer {
    typealias SwiftType = [Limit]

    public static func write(_ value: [Limit], into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        for item in value {
            FfiConverterTypeLimit.write(item, into: &buf)
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> [Limit] {
        let len: Int32 = try readInt(&buf)
        var seq = [Limit]()
        seq.reserveCapacity(Int(len))
        for _ in 0 ..< len {
            seq.append(try FfiConverterTypeLimit.read(from: &buf))
        }
        return seq
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterSequenceTypeMetadata: FfiConverterRustBuffer {
    typealias SwiftType = [Metadata]

    public static func write(_ value: [Metadata], into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        for item in value {
            FfiConverterTypeMetadata.write(item, into: &buf)
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> [Metadata] {
        let len: Int32 = try readInt(&buf)
        var seq = [Metadata]()
        seq.reserveCapacity(Int(len))
        for _ in 0 ..< len {
            seq.append(try FfiConverterTypeMetadata.read(from: &buf))
        }
        return seq
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterSequenceTypeNodeReport: FfiConverterRustBuffer {
    typealias SwiftType = [NodeReport]

    public static func write(_ value: [NodeReport], into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        for item in value {
            FfiConverterTypeNodeReport.write(item, into: &buf)
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> [NodeReport] {
        let len: Int32 = try readInt(&buf)
        var seq = [NodeReport]()
        seq.reserveCapacity(Int(len))
        for _ in 0 ..< len {
            seq.append(try FfiConverterTypeNodeReport.read(from: &buf))
        }
        return seq
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterSequenceTypeOpset: FfiConverterRustBuffer {
    typealias SwiftType = [Opset]

    public static func write(_ value: [Opset], into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        for item in value {
            FfiConverterTypeOpset.write(item, into: &buf)
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> [Opset] {
        let len: Int32 = try readInt(&buf)
        var seq = [Opset]()
        seq.reserveCapacity(Int(len))
        for _ in 0 ..< len {
            seq.append(try FfiConverterTypeOpset.read(from: &buf))
        }
        return seq
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterSequenceTypeOutput: FfiConverterRustBuffer {
    typealias SwiftType = [Output]

    public static func write(_ value: [Output], into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        for item in value {
            FfiConverterTypeOutput.write(item, into: &buf)
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> [Output] {
        let len: Int32 = try readInt(&buf)
        var seq = [Output]()
        seq.reserveCapacity(Int(len))
        for _ in 0 ..< len {
            seq.append(try FfiConverterTypeOutput.read(from: &buf))
        }
        return seq
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterSequenceTypePlacement: FfiConverterRustBuffer {
    typealias SwiftType = [Placement]

    public static func write(_ value: [Placement], into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        for item in value {
            FfiConverterTypePlacement.write(item, into: &buf)
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> [Placement] {
        let len: Int32 = try readInt(&buf)
        var seq = [Placement]()
        seq.reserveCapacity(Int(len))
        for _ in 0 ..< len {
            seq.append(try FfiConverterTypePlacement.read(from: &buf))
        }
        return seq
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterSequenceTypePort: FfiConverterRustBuffer {
    typealias SwiftType = [Port]

    public static func write(_ value: [Port], into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        for item in value {
            FfiConverterTypePort.write(item, into: &buf)
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> [Port] {
        let len: Int32 = try readInt(&buf)
        var seq = [Port]()
        seq.reserveCapacity(Int(len))
        for _ in 0 ..< len {
            seq.append(try FfiConverterTypePort.read(from: &buf))
        }
        return seq
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterSequenceTypeState: FfiConverterRustBuffer {
    typealias SwiftType = [State]

    public static func write(_ value: [State], into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        for item in value {
            FfiConverterTypeState.write(item, into: &buf)
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> [State] {
        let len: Int32 = try readInt(&buf)
        var seq = [State]()
        seq.reserveCapacity(Int(len))
        for _ in 0 ..< len {
            seq.append(try FfiConverterTypeState.read(from: &buf))
        }
        return seq
    }
}

#if swift(>=5.8)
@_documentation(visibility: private)
#endif
fileprivate struct FfiConverterSequenceOptionSequenceInt64: FfiConverterRustBuffer {
    typealias SwiftType = [[Int64]?]

    public static func write(_ value: [[Int64]?], into buf: inout [UInt8]) {
        let len = Int32(value.count)
        writeInt(&buf, len)
        for item in value {
            FfiConverterOptionSequenceInt64.write(item, into: &buf)
        }
    }

    public static func read(from buf: inout (data: Data, offset: Data.Index)) throws -> [[Int64]?] {
        let len: Int32 = try readInt(&buf)
        var seq = [[Int64]?]()
        seq.reserveCapacity(Int(len))
        for _ in 0 ..< len {
            seq.append(try FfiConverterOptionSequenceInt64.read(from: &buf))
        }
        return seq
    }
}
private let UNIFFI_RUST_FUTURE_POLL_READY: Int8 = 0
private let UNIFFI_RUST_FUTURE_POLL_WAKE: Int8 = 1

fileprivate let uniffiContinuationHandleMap = UniffiHandleMap<UnsafeContinuation<Int8, Never>>()

fileprivate func uniffiRustCallAsync<F, T>(
    rustFutureFunc: () -> UInt64,
    pollFunc: (UInt64, @escaping UniffiRustFutureContinuationCallback, UInt64) -> (),
    completeFunc: (UInt64, UnsafeMutablePointer<RustCallStatus>) -> F,
    freeFunc: (UInt64) -> (),
    liftFunc: (F) throws -> T,
    errorHandler: ((RustBuffer) throws -> Swift.Error)?
) async throws -> T {
    // Make sure to call the ensure init function since future creation doesn't have a
    // RustCallStatus param, so doesn't use makeRustCall()
    uniffiEnsureDunlinUniffiInitialized()
    let rustFuture = rustFutureFunc()
    defer {
        freeFunc(rustFuture)
    }
    var pollResult: Int8;
    repeat {
        pollResult = await withUnsafeContinuation {
            pollFunc(
                rustFuture,
                { handle, pollResult in
                    uniffiFutureContinuationCallback(handle: handle, pollResult: pollResult)
                },
                uniffiContinuationHandleMap.insert(obj: $0)
            )
        }
    } while pollResult != UNIFFI_RUST_FUTURE_POLL_READY

    return try liftFunc(makeRustCall(
        { completeFunc(rustFuture, $0) },
        errorHandler: errorHandler
    ))
}

// Callback handlers for an async calls.  These are invoked by Rust when the future is ready.  They
// lift the return value or error and resume the suspended function.
fileprivate func uniffiFutureContinuationCallback(handle: UInt64, pollResult: Int8) {
    if let continuation = try? uniffiContinuationHandleMap.remove(handle: handle) {
        continuation.resume(returning: pollResult)
    } else {
        print("uniffiFutureContinuationCallback invalid handle")
    }
}
/**
 * Waits until no asynchronous load or run is under way and their threads are gone; at most `timeout_ms` milliseconds if that is not 0.
 * To be called before the library is unloaded; not from a callback of one of them.
 *
 * # Errors
 * Kind `deadline` if some still run, `busy` from one of their callbacks.
 */
public func asyncWait(timeoutMs: UInt64)throws   {try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_func_async_wait(
        FfiConverterUInt64.lower(timeoutMs),uniffiCallStatus
    )
}
}
/**
 * The devices that this build can run on here, such as `cpu` and `cuda:0`.
 */
public func devices() -> [String]  {
    return try!  FfiConverterSequenceString.lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_func_devices(uniffiCallStatus
    )
})
}
/**
 * Whether this build has a feature: the name of a device (`cpu`, `cuda:0`), a format (`onnx`), or an operator (`op:Conv`,
 * `op:ai.onnx.ml:Scaler`). An unknown name is not had.
 */
public func has(feature: String) -> Bool  {
    return try!  FfiConverterBool.lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_func_has(
        FfiConverterString.lower(feature),uniffiCallStatus
    )
})
}
/**
 * The instruction set that the CPU kernels use on this machine: `avx512`, `avx2`, `neon` or `scalar`.
 */
public func instructionSet() -> String  {
    return try!  FfiConverterString.lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_func_instruction_set(uniffiCallStatus
    )
})
}
/**
 * The version of this library, such as `0.1.0`.
 */
public func version() -> String  {
    return try!  FfiConverterString.lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_func_version(uniffiCallStatus
    )
})
}
/**
 * The name of a kind of error, such as `out-of-memory`.
 */
public func errorKindName(kind: ErrorKind) -> String  {
    return try!  FfiConverterString.lift(try! rustCall() {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_func_error_kind_name(
        FfiConverterTypeErrorKind_lower(kind),uniffiCallStatus
    )
})
}
/**
 * Makes a tensor of zeros for the host to fill with one copy, whatever it copies from.
 *
 * # Errors
 * Kind `dtype` for strings and unknown element types, `shape` for negative sizes, `limit` for sizes that overflow, `out-of-memory`.
 */
public func blankTensor(dtype: Int32, shape: [Int64])throws  -> BlankTensor  {
    return try  FfiConverterTypeBlankTensor_lift(try rustCallWithError(FfiConverterTypeDunlinError_lift) {
        uniffiCallStatus in
    uniffi_dunlin_uniffi_fn_func_blank_tensor(
        FfiConverterInt32.lower(dtype),
        FfiConverterSequenceInt64.lower(shape),uniffiCallStatus
    )
})
}

private enum InitializationResult {
    case ok
    case contractVersionMismatch
    case apiChecksumMismatch
}
// Use a global variable to perform the versioning checks. Swift ensures that
// the code inside is only computed once.
private let initializationResult: InitializationResult = {
    // Get the bindings contract version from our ComponentInterface
    let bindings_contract_version = 30
    // Get the scaffolding contract version by calling the into the dylib
    let scaffolding_contract_version = ffi_dunlin_uniffi_uniffi_contract_version()
    if bindings_contract_version != scaffolding_contract_version {
        return InitializationResult.contractVersionMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_func_async_wait() != 13281) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_func_devices() != 23443) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_func_has() != 46944) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_func_instruction_set() != 64268) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_func_version() != 39416) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_func_error_kind_name() != 61910) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_func_blank_tensor() != 47838) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_cancel_cancel() != 1393) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_cancel_is_cancelled() != 22296) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_model_info() != 38996) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_model_memory() != 2211) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_model_report() != 55010) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_model_run() != 54568) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_model_run_async() != 12612) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_model_session() != 41918) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_log_wrote() != 28549) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_progress_progressed() != 26600) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_pool_n_threads() != 36086) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_runreport_json() != 7916) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_runreport_nodes() != 39772) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_runreport_summary() != 55055) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_session_reset() != 41688) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_session_run() != 48402) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_session_run_async() != 64654) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_session_set_state() != 4680) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_session_state() != 19871) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_value_address() != 46791) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_value_byte_len() != 29221) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_value_elements() != 34604) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_value_info() != 20098) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_value_keys() != 46325) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_method_value_texts() != 44930) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_constructor_cancel_new() != 32721) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_constructor_model_load() != 64300) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_constructor_model_load_async() != 46216) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_constructor_pool_new() != 49150) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_constructor_value_map() != 11731) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_constructor_value_optional() != 34681) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_constructor_value_sequence() != 36113) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_constructor_value_strings() != 53252) {
        return InitializationResult.apiChecksumMismatch
    }
    if (uniffi_dunlin_uniffi_checksum_constructor_value_tensor() != 18192) {
        return InitializationResult.apiChecksumMismatch
    }

    uniffiCallbackInitLog()
    uniffiCallbackInitProgress()
    return InitializationResult.ok
}()

// Make the ensure init function public so that other modules which have external type references to
// our types can call it.
public func uniffiEnsureDunlinUniffiInitialized() {
    switch initializationResult {
    case .ok:
        break
    case .contractVersionMismatch:
        fatalError("UniFFI contract version mismatch: try cleaning and rebuilding your project")
    case .apiChecksumMismatch:
        fatalError("UniFFI API checksum mismatch: try cleaning and rebuilding your project")
    }
}

// swiftlint:enable all
