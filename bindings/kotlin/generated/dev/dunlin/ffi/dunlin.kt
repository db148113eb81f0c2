// Written by `cargo xtask bindings` from crates/uniffi: do not change it here.

@file:Suppress("NAME_SHADOWING")

package dev.dunlin.ffi

// Common helper code.
//
// Ideally this would live in a separate .kt file where it can be unittested etc
// in isolation, and perhaps even published as a re-useable package.
//
// However, it's important that the details of how this helper code works (e.g. the
// way that different builtin types are passed across the FFI) exactly match what's
// expected by the Rust code on the other side of the interface. In practice right
// now that means coming from the exact some version of `uniffi` that was used to
// compile the Rust component. The easiest way to ensure this is to bundle the Kotlin
// helpers directly inline like we're doing here.

import com.sun.jna.Library
import com.sun.jna.IntegerType
import com.sun.jna.Native
import com.sun.jna.Pointer
import com.sun.jna.Structure
import com.sun.jna.Callback
import com.sun.jna.ptr.*
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.CharBuffer
import java.nio.charset.CodingErrorAction
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.coroutines.resume
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.GlobalScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import kotlinx.coroutines.suspendCancellableCoroutine

// This is a helper for safely working with byte buffers returned from the Rust code.
// A rust-owned buffer is represented by its capacity, its current length, and a
// pointer to the underlying data.

/**
 * @suppress
 */
@Structure.FieldOrder("capacity", "len", "data")
open class RustBuffer : Structure() {
    // Note: `capacity` and `len` are actually `ULong` values, but JVM only supports signed values.
    // When dealing with these fields, make sure to call `toULong()`.
    @JvmField var capacity: Long = 0
    @JvmField var len: Long = 0
    @JvmField var data: Pointer? = null

    class ByValue: RustBuffer(), Structure.ByValue
    class ByReference: RustBuffer(), Structure.ByReference

   internal fun setValue(other: RustBuffer) {
        capacity = other.capacity
        len = other.len
        data = other.data
    }

    companion object {
        internal fun alloc(size: ULong = 0UL) = uniffiRustCall() { status ->
            // Note: need to convert the size to a `Long` value to make this work with JVM.
            UniffiLib.ffi_dunlin_uniffi_rustbuffer_alloc(size.toLong(), status)
        }.also {
            if(it.data == null) {
               throw RuntimeException("RustBuffer.alloc() returned null data pointer (size=${size})")
           }
        }

        internal fun create(capacity: ULong, len: ULong, data: Pointer?): RustBuffer.ByValue {
            var buf = RustBuffer.ByValue()
            buf.capacity = capacity.toLong()
            buf.len = len.toLong()
            buf.data = data
            return buf
        }

        internal fun free(buf: RustBuffer.ByValue) = uniffiRustCall() { status ->
            UniffiLib.ffi_dunlin_uniffi_rustbuffer_free(buf, status)
        }
    }

    @Suppress("TooGenericExceptionThrown")
    fun asByteBuffer() =
        this.data?.getByteBuffer(0, this.len)?.also {
            it.order(ByteOrder.BIG_ENDIAN)
        }
}

// This is a helper for safely passing byte references into the rust code.
// It's not actually used at the moment, because there aren't many things that you
// can take a direct pointer to in the JVM, and if we're going to copy something
// then we might as well copy it into a `RustBuffer`. But it's here for API
// completeness.

@Structure.FieldOrder("len", "data")
internal open class ForeignBytes : Structure() {
    @JvmField var len: Int = 0
    @JvmField var data: Pointer? = null

    class ByValue : ForeignBytes(), Structure.ByValue
}

// Converter for `&[u8]` / `[ByRef] bytes` arguments.
//
// Only `lower` is valid — zero-copy byte buffers only flow foreign -> Rust,
// and only in argument position. `lift`, `read`, `write`, and
// `allocationSize` have no sound implementation here and all panic at
// runtime. The `FfiConverter` interface is implemented so that the
// compiler enforces the full method set (rather than relying on eyeball).
//
// The provided `ByteBuffer` MUST be direct — only direct buffers have a
// stable native address that JNA can expose via `getDirectBufferPointer`.
// The returned `ForeignBytes.ByValue` is only valid for the duration of
// the FFI call; the Rust side treats it as a borrow.
internal object FfiConverterByRefBytes : FfiConverter<java.nio.ByteBuffer, ForeignBytes.ByValue> {
    override fun lower(value: java.nio.ByteBuffer): ForeignBytes.ByValue {
        require(value.isDirect) { "UniFFI zero-copy &[u8] requires a direct ByteBuffer. Use ByteBuffer.allocateDirect()." }
        val remaining = value.remaining()
        val fb = ForeignBytes.ByValue()
        fb.len = remaining
        // Zero-length direct buffers: skip getDirectBufferPointer (platform-variable behavior)
        // and pass null. The Rust side treats (null, 0) as &[].
        fb.data = if (remaining == 0) null else com.sun.jna.Native.getDirectBufferPointer(value)
        return fb
    }

    override fun lift(value: ForeignBytes.ByValue): java.nio.ByteBuffer =
        error("ByRef bytes cannot be lifted: zero-copy &[u8] only flows foreign->Rust")

    override fun read(buf: java.nio.ByteBuffer): java.nio.ByteBuffer =
        error("ByRef bytes cannot be read from a buffer: zero-copy &[u8] is only supported in argument position, not nested in records/options/etc.")

    override fun write(value: java.nio.ByteBuffer, buf: java.nio.ByteBuffer): Unit =
        error("ByRef bytes cannot be written to a buffer: zero-copy &[u8] is only supported in argument position, not nested in records/options/etc.")

    override fun allocationSize(value: java.nio.ByteBuffer): ULong =
        error("ByRef bytes have no RustBuffer allocation size: zero-copy &[u8] is only supported in argument position, not nested in records/options/etc.")
}
/**
 * The FfiConverter interface handles converter types to and from the FFI
 *
 * All implementing objects should be public to support external types.  When a
 * type is external we need to import it's FfiConverter.
 *
 * @suppress
 */
public interface FfiConverter<KotlinType, FfiType> {
    // Convert an FFI type to a Kotlin type
    fun lift(value: FfiType): KotlinType

    // Convert an Kotlin type to an FFI type
    fun lower(value: KotlinType): FfiType

    // Read a Kotlin type from a `ByteBuffer`
    fun read(buf: ByteBuffer): KotlinType

    // Calculate bytes to allocate when creating a `RustBuffer`
    //
    // This must return at least as many bytes as the write() function will
    // write. It can return more bytes than needed, for example when writing
    // Strings we can't know the exact bytes needed until we the UTF-8
    // encoding, so we pessimistically allocate the largest size possible (3
    // bytes per codepoint).  Allocating extra bytes is not really a big deal
    // because the `RustBuffer` is short-lived.
    fun allocationSize(value: KotlinType): ULong

    // Write a Kotlin type to a `ByteBuffer`
    fun write(value: KotlinType, buf: ByteBuffer)

    // Lower a value into a `RustBuffer`
    //
    // This method lowers a value into a `RustBuffer` rather than the normal
    // FfiType.  It's used by the callback interface code.  Callback interface
    // returns are always serialized into a `RustBuffer` regardless of their
    // normal FFI type.
    fun lowerIntoRustBuffer(value: KotlinType): RustBuffer.ByValue {
        val rbuf = RustBuffer.alloc(allocationSize(value))
        try {
            val bbuf = rbuf.data!!.getByteBuffer(0, rbuf.capacity).also {
                it.order(ByteOrder.BIG_ENDIAN)
            }
            write(value, bbuf)
            rbuf.writeField("len", bbuf.position().toLong())
            return rbuf
        } catch (e: Throwable) {
            RustBuffer.free(rbuf)
            throw e
        }
    }

    // Lift a value from a `RustBuffer`.
    //
    // This here mostly because of the symmetry with `lowerIntoRustBuffer()`.
    // It's currently only used by the `FfiConverterRustBuffer` class below.
    fun liftFromRustBuffer(rbuf: RustBuffer.ByValue): KotlinType {
        val byteBuf = rbuf.asByteBuffer()!!
        try {
           val item = read(byteBuf)
           if (byteBuf.hasRemaining()) {
               throw RuntimeException("junk remaining in buffer after lifting, something is very wrong!!")
           }
           return item
        } finally {
            RustBuffer.free(rbuf)
        }
    }
}

/**
 * FfiConverter that uses `RustBuffer` as the FfiType
 *
 * @suppress
 */
public interface FfiConverterRustBuffer<KotlinType>: FfiConverter<KotlinType, RustBuffer.ByValue> {
    override fun lift(value: RustBuffer.ByValue) = liftFromRustBuffer(value)
    override fun lower(value: KotlinType) = lowerIntoRustBuffer(value)
}
// A handful of classes and functions to support the generated data structures.
// This would be a good candidate for isolating in its own ffi-support lib.

internal const val UNIFFI_CALL_SUCCESS = 0.toByte()
internal const val UNIFFI_CALL_ERROR = 1.toByte()
internal const val UNIFFI_CALL_UNEXPECTED_ERROR = 2.toByte()

@Structure.FieldOrder("code", "error_buf")
internal open class UniffiRustCallStatus : Structure() {
    @JvmField var code: Byte = 0
    @JvmField var error_buf: RustBuffer.ByValue = RustBuffer.ByValue()

    class ByValue: UniffiRustCallStatus(), Structure.ByValue

    fun isSuccess(): Boolean {
        return code == UNIFFI_CALL_SUCCESS
    }

    fun isError(): Boolean {
        return code == UNIFFI_CALL_ERROR
    }

    fun isPanic(): Boolean {
        return code == UNIFFI_CALL_UNEXPECTED_ERROR
    }

    companion object {
        fun create(code: Byte, errorBuf: RustBuffer.ByValue): UniffiRustCallStatus.ByValue {
            val callStatus = UniffiRustCallStatus.ByValue()
            callStatus.code = code
            callStatus.error_buf = errorBuf
            return callStatus
        }
    }
}

class InternalException(message: String) : kotlin.Exception(message)

/**
 * Each top-level error class has a companion object that can lift the error from the call status's rust buffer
 *
 * @suppress
 */
interface UniffiRustCallStatusErrorHandler<E> {
    fun lift(error_buf: RustBuffer.ByValue): E;
}

// Helpers for calling Rust
// In practice we usually need to be synchronized to call this safely, so it doesn't
// synchronize itself

// Call a rust function that returns a Result<>.  Pass in the Error class companion that corresponds to the Err
private inline fun <U, E: kotlin.Exception> uniffiRustCallWithError(errorHandler: UniffiRustCallStatusErrorHandler<E>, callback: (Pointer) -> U): U {
    val status = uniffiThreadStatus.get()!!
    val return_value = callback(status)
    if (status.getByte(0) != UNIFFI_CALL_SUCCESS) {
        uniffiCheckCallStatus(errorHandler, uniffiTakeStatus(status))
    }
    return return_value
}

// The status of the calls of each thread: success, but between a failed call and its exception.
private val uniffiThreadStatus = object : ThreadLocal<Pointer>() {
    override fun initialValue(): Pointer =
        com.sun.jna.Memory(UniffiRustCallStatus().size().toLong()).apply { clear() }
}

// Copies the status of a failed call, and sets it back
private fun uniffiTakeStatus(status: Pointer): UniffiRustCallStatus {
    val taken = UniffiRustCallStatus()
    taken.pointer.write(0, status.getByteArray(0, taken.size()), 0, taken.size())
    taken.read()
    status.setByte(0, UNIFFI_CALL_SUCCESS)
    return taken
}

// Check UniffiRustCallStatus and throw an error if the call wasn't successful
private fun<E: kotlin.Exception> uniffiCheckCallStatus(errorHandler: UniffiRustCallStatusErrorHandler<E>, status: UniffiRustCallStatus) {
    if (status.isSuccess()) {
        return
    } else if (status.isError()) {
        throw errorHandler.lift(status.error_buf)
    } else if (status.isPanic()) {
        // when the rust code sees a panic, it tries to construct a rustbuffer
        // with the message.  but if that code panics, then it just sends back
        // an empty buffer.
        if (status.error_buf.len > 0) {
            throw InternalException(FfiConverterString.lift(status.error_buf))
        } else {
            throw InternalException("Rust panic")
        }
    } else {
        throw InternalException("Unknown rust call status: $status.code")
    }
}

/**
 * UniffiRustCallStatusErrorHandler implementation for times when we don't expect a CALL_ERROR
 *
 * @suppress
 */
object UniffiNullRustCallStatusErrorHandler: UniffiRustCallStatusErrorHandler<InternalException> {
    override fun lift(error_buf: RustBuffer.ByValue): InternalException {
        RustBuffer.free(error_buf)
        return InternalException("Unexpected CALL_ERROR")
    }
}

// Call a rust function that returns a plain value
private inline fun <U> uniffiRustCall(callback: (Pointer) -> U): U {
    return uniffiRustCallWithError(UniffiNullRustCallStatusErrorHandler, callback)
}

internal inline fun<T> uniffiTraitInterfaceCall(
    callStatus: UniffiRustCallStatus,
    makeCall: () -> T,
    writeReturn: (T) -> Unit,
) {
    try {
        writeReturn(makeCall())
    } catch(e: kotlin.Exception) {
        val err = try { e.stackTraceToString() } catch(_: Throwable) { "" }
        callStatus.code = UNIFFI_CALL_UNEXPECTED_ERROR
        callStatus.error_buf = FfiConverterString.lower(err)
    }
}

internal inline fun<T, reified E: Throwable> uniffiTraitInterfaceCallWithError(
    callStatus: UniffiRustCallStatus,
    makeCall: () -> T,
    writeReturn: (T) -> Unit,
    lowerError: (E) -> RustBuffer.ByValue
) {
    try {
        writeReturn(makeCall())
    } catch(e: kotlin.Exception) {
        if (e is E) {
            callStatus.code = UNIFFI_CALL_ERROR
            callStatus.error_buf = lowerError(e)
        } else {
            val err = try { e.stackTraceToString() } catch(_: Throwable) { "" }
            callStatus.code = UNIFFI_CALL_UNEXPECTED_ERROR
            callStatus.error_buf = FfiConverterString.lower(err)
        }
    }
}
// Initial value and increment amount for handles.
// These ensure that Kotlin-generated handles always have the lowest bit set
private const val UNIFFI_HANDLEMAP_INITIAL = 1.toLong()
private const val UNIFFI_HANDLEMAP_DELTA = 2.toLong()

// Map handles to objects
//
// This is used pass an opaque 64-bit handle representing a foreign object to the Rust code.
internal class UniffiHandleMap<T: Any> {
    private val map = ConcurrentHashMap<Long, T>()
    // Start
    private val counter = java.util.concurrent.atomic.AtomicLong(UNIFFI_HANDLEMAP_INITIAL)

    val size: Int
        get() = map.size

    // Insert a new object into the handle map and get a handle for it
    fun insert(obj: T): Long {
        val handle = counter.getAndAdd(UNIFFI_HANDLEMAP_DELTA)
        map.put(handle, obj)
        return handle
    }

    // Clone a handle, creating a new one
    fun clone(handle: Long): Long {
        val obj = map.get(handle) ?: throw InternalException("UniffiHandleMap.clone: Invalid handle")
        return insert(obj)
    }

    // Get an object from the handle map
    fun get(handle: Long): T {
        return map.get(handle) ?: throw InternalException("UniffiHandleMap.get: Invalid handle")
    }

    // Remove an entry from the handlemap and get the Kotlin object back
    fun remove(handle: Long): T {
        return map.remove(handle) ?: throw InternalException("UniffiHandleMap: Invalid handle")
    }
}

// Contains loading, initialization code,
// and the FFI Function declarations in a com.sun.jna.Library.
@Synchronized
private fun findLibraryName(componentName: String): String {
    val libOverride = System.getProperty("uniffi.component.$componentName.libraryOverride")
    if (libOverride != null) {
        return libOverride
    }
    return "dunlin"
}

// Define FFI callback types
internal interface UniffiRustFutureContinuationCallback : com.sun.jna.Callback {
    fun callback(`data`: Long,`pollResult`: Byte,)
}
internal interface UniffiForeignFutureDroppedCallback : com.sun.jna.Callback {
    fun callback(`handle`: Long,)
}
internal interface UniffiCallbackInterfaceFree : com.sun.jna.Callback {
    fun callback(`handle`: Long,)
}
internal interface UniffiCallbackInterfaceClone : com.sun.jna.Callback {
    fun callback(`handle`: Long,)
    : Long
}
@Structure.FieldOrder("handle", "free")
internal open class UniffiForeignFutureDroppedCallbackStruct(
    @JvmField internal var `handle`: Long = 0.toLong(),
    @JvmField internal var `free`: UniffiForeignFutureDroppedCallback? = null,
) : Structure() {
    class UniffiByValue(
        `handle`: Long = 0.toLong(),
        `free`: UniffiForeignFutureDroppedCallback? = null,
    ): UniffiForeignFutureDroppedCallbackStruct(`handle`,`free`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiForeignFutureDroppedCallbackStruct) {
        `handle` = other.`handle`
        `free` = other.`free`
    }

}
@Structure.FieldOrder("returnValue", "callStatus")
internal open class UniffiForeignFutureResultU8(
    @JvmField internal var `returnValue`: Byte = 0.toByte(),
    @JvmField internal var `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
) : Structure() {
    class UniffiByValue(
        `returnValue`: Byte = 0.toByte(),
        `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
    ): UniffiForeignFutureResultU8(`returnValue`,`callStatus`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiForeignFutureResultU8) {
        `returnValue` = other.`returnValue`
        `callStatus` = other.`callStatus`
    }

}
internal interface UniffiForeignFutureCompleteU8 : com.sun.jna.Callback {
    fun callback(`callbackData`: Long,`result`: UniffiForeignFutureResultU8.UniffiByValue,)
}
@Structure.FieldOrder("returnValue", "callStatus")
internal open class UniffiForeignFutureResultI8(
    @JvmField internal var `returnValue`: Byte = 0.toByte(),
    @JvmField internal var `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
) : Structure() {
    class UniffiByValue(
        `returnValue`: Byte = 0.toByte(),
        `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
    ): UniffiForeignFutureResultI8(`returnValue`,`callStatus`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiForeignFutureResultI8) {
        `returnValue` = other.`returnValue`
        `callStatus` = other.`callStatus`
    }

}
internal interface UniffiForeignFutureCompleteI8 : com.sun.jna.Callback {
    fun callback(`callbackData`: Long,`result`: UniffiForeignFutureResultI8.UniffiByValue,)
}
@Structure.FieldOrder("returnValue", "callStatus")
internal open class UniffiForeignFutureResultU16(
    @JvmField internal var `returnValue`: Short = 0.toShort(),
    @JvmField internal var `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
) : Structure() {
    class UniffiByValue(
        `returnValue`: Short = 0.toShort(),
        `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
    ): UniffiForeignFutureResultU16(`returnValue`,`callStatus`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiForeignFutureResultU16) {
        `returnValue` = other.`returnValue`
        `callStatus` = other.`callStatus`
    }

}
internal interface UniffiForeignFutureCompleteU16 : com.sun.jna.Callback {
    fun callback(`callbackData`: Long,`result`: UniffiForeignFutureResultU16.UniffiByValue,)
}
@Structure.FieldOrder("returnValue", "callStatus")
internal open class UniffiForeignFutureResultI16(
    @JvmField internal var `returnValue`: Short = 0.toShort(),
    @JvmField internal var `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
) : Structure() {
    class UniffiByValue(
        `returnValue`: Short = 0.toShort(),
        `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
    ): UniffiForeignFutureResultI16(`returnValue`,`callStatus`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiForeignFutureResultI16) {
        `returnValue` = other.`returnValue`
        `callStatus` = other.`callStatus`
    }

}
internal interface UniffiForeignFutureCompleteI16 : com.sun.jna.Callback {
    fun callback(`callbackData`: Long,`result`: UniffiForeignFutureResultI16.UniffiByValue,)
}
@Structure.FieldOrder("returnValue", "callStatus")
internal open class UniffiForeignFutureResultU32(
    @JvmField internal var `returnValue`: Int = 0,
    @JvmField internal var `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
) : Structure() {
    class UniffiByValue(
        `returnValue`: Int = 0,
        `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
    ): UniffiForeignFutureResultU32(`returnValue`,`callStatus`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiForeignFutureResultU32) {
        `returnValue` = other.`returnValue`
        `callStatus` = other.`callStatus`
    }

}
internal interface UniffiForeignFutureCompleteU32 : com.sun.jna.Callback {
    fun callback(`callbackData`: Long,`result`: UniffiForeignFutureResultU32.UniffiByValue,)
}
@Structure.FieldOrder("returnValue", "callStatus")
internal open class UniffiForeignFutureResultI32(
    @JvmField internal var `returnValue`: Int = 0,
    @JvmField internal var `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
) : Structure() {
    class UniffiByValue(
        `returnValue`: Int = 0,
        `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
    ): UniffiForeignFutureResultI32(`returnValue`,`callStatus`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiForeignFutureResultI32) {
        `returnValue` = other.`returnValue`
        `callStatus` = other.`callStatus`
    }

}
internal interface UniffiForeignFutureCompleteI32 : com.sun.jna.Callback {
    fun callback(`callbackData`: Long,`result`: UniffiForeignFutureResultI32.UniffiByValue,)
}
@Structure.FieldOrder("returnValue", "callStatus")
internal open class UniffiForeignFutureResultU64(
    @JvmField internal var `returnValue`: Long = 0.toLong(),
    @JvmField internal var `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
) : Structure() {
    class UniffiByValue(
        `returnValue`: Long = 0.toLong(),
        `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
    ): UniffiForeignFutureResultU64(`returnValue`,`callStatus`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiForeignFutureResultU64) {
        `returnValue` = other.`returnValue`
        `callStatus` = other.`callStatus`
    }

}
internal interface UniffiForeignFutureCompleteU64 : com.sun.jna.Callback {
    fun callback(`callbackData`: Long,`result`: UniffiForeignFutureResultU64.UniffiByValue,)
}
@Structure.FieldOrder("returnValue", "callStatus")
internal open class UniffiForeignFutureResultI64(
    @JvmField internal var `returnValue`: Long = 0.toLong(),
    @JvmField internal var `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
) : Structure() {
    class UniffiByValue(
        `returnValue`: Long = 0.toLong(),
        `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
    ): UniffiForeignFutureResultI64(`returnValue`,`callStatus`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiForeignFutureResultI64) {
        `returnValue` = other.`returnValue`
        `callStatus` = other.`callStatus`
    }

}
internal interface UniffiForeignFutureCompleteI64 : com.sun.jna.Callback {
    fun callback(`callbackData`: Long,`result`: UniffiForeignFutureResultI64.UniffiByValue,)
}
@Structure.FieldOrder("returnValue", "callStatus")
internal open class UniffiForeignFutureResultF32(
    @JvmField internal var `returnValue`: Float = 0.0f,
    @JvmField internal var `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
) : Structure() {
    class UniffiByValue(
        `returnValue`: Float = 0.0f,
        `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
    ): UniffiForeignFutureResultF32(`returnValue`,`callStatus`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiForeignFutureResultF32) {
        `returnValue` = other.`returnValue`
        `callStatus` = other.`callStatus`
    }

}
internal interface UniffiForeignFutureCompleteF32 : com.sun.jna.Callback {
    fun callback(`callbackData`: Long,`result`: UniffiForeignFutureResultF32.UniffiByValue,)
}
@Structure.FieldOrder("returnValue", "callStatus")
internal open class UniffiForeignFutureResultF64(
    @JvmField internal var `returnValue`: Double = 0.0,
    @JvmField internal var `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
) : Structure() {
    class UniffiByValue(
        `returnValue`: Double = 0.0,
        `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
    ): UniffiForeignFutureResultF64(`returnValue`,`callStatus`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiForeignFutureResultF64) {
        `returnValue` = other.`returnValue`
        `callStatus` = other.`callStatus`
    }

}
internal interface UniffiForeignFutureCompleteF64 : com.sun.jna.Callback {
    fun callback(`callbackData`: Long,`result`: UniffiForeignFutureResultF64.UniffiByValue,)
}
@Structure.FieldOrder("returnValue", "callStatus")
internal open class UniffiForeignFutureResultRustBuffer(
    @JvmField internal var `returnValue`: RustBuffer.ByValue = RustBuffer.ByValue(),
    @JvmField internal var `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
) : Structure() {
    class UniffiByValue(
        `returnValue`: RustBuffer.ByValue = RustBuffer.ByValue(),
        `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
    ): UniffiForeignFutureResultRustBuffer(`returnValue`,`callStatus`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiForeignFutureResultRustBuffer) {
        `returnValue` = other.`returnValue`
        `callStatus` = other.`callStatus`
    }

}
internal interface UniffiForeignFutureCompleteRustBuffer : com.sun.jna.Callback {
    fun callback(`callbackData`: Long,`result`: UniffiForeignFutureResultRustBuffer.UniffiByValue,)
}
@Structure.FieldOrder("callStatus")
internal open class UniffiForeignFutureResultVoid(
    @JvmField internal var `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
) : Structure() {
    class UniffiByValue(
        `callStatus`: UniffiRustCallStatus.ByValue = UniffiRustCallStatus.ByValue(),
    ): UniffiForeignFutureResultVoid(`callStatus`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiForeignFutureResultVoid) {
        `callStatus` = other.`callStatus`
    }

}
internal interface UniffiForeignFutureCompleteVoid : com.sun.jna.Callback {
    fun callback(`callbackData`: Long,`result`: UniffiForeignFutureResultVoid.UniffiByValue,)
}
internal interface UniffiCallbackInterfaceLogMethod0 : com.sun.jna.Callback {
    fun callback(`uniffiHandle`: Long,`level`: RustBuffer.ByValue,`line`: RustBuffer.ByValue,`uniffiOutReturn`: Pointer,uniffiCallStatus: UniffiRustCallStatus,)
}
internal interface UniffiCallbackInterfaceProgressMethod0 : com.sun.jna.Callback {
    fun callback(`uniffiHandle`: Long,`stage`: RustBuffer.ByValue,`fraction`: Float,`uniffiOutReturn`: Pointer,uniffiCallStatus: UniffiRustCallStatus,)
}
@Structure.FieldOrder("uniffiFree", "uniffiClone", "wrote")
internal open class UniffiVTableCallbackInterfaceLog(
    @JvmField internal var `uniffiFree`: UniffiCallbackInterfaceFree? = null,
    @JvmField internal var `uniffiClone`: UniffiCallbackInterfaceClone? = null,
    @JvmField internal var `wrote`: UniffiCallbackInterfaceLogMethod0? = null,
) : Structure() {
    class UniffiByValue(
        `uniffiFree`: UniffiCallbackInterfaceFree? = null,
        `uniffiClone`: UniffiCallbackInterfaceClone? = null,
        `wrote`: UniffiCallbackInterfaceLogMethod0? = null,
    ): UniffiVTableCallbackInterfaceLog(`uniffiFree`,`uniffiClone`,`wrote`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiVTableCallbackInterfaceLog) {
        `uniffiFree` = other.`uniffiFree`
        `uniffiClone` = other.`uniffiClone`
        `wrote` = other.`wrote`
    }

}
@Structure.FieldOrder("uniffiFree", "uniffiClone", "progressed")
internal open class UniffiVTableCallbackInterfaceProgress(
    @JvmField internal var `uniffiFree`: UniffiCallbackInterfaceFree? = null,
    @JvmField internal var `uniffiClone`: UniffiCallbackInterfaceClone? = null,
    @JvmField internal var `progressed`: UniffiCallbackInterfaceProgressMethod0? = null,
) : Structure() {
    class UniffiByValue(
        `uniffiFree`: UniffiCallbackInterfaceFree? = null,
        `uniffiClone`: UniffiCallbackInterfaceClone? = null,
        `progressed`: UniffiCallbackInterfaceProgressMethod0? = null,
    ): UniffiVTableCallbackInterfaceProgress(`uniffiFree`,`uniffiClone`,`progressed`,), Structure.ByValue

   internal fun uniffiSetValue(other: UniffiVTableCallbackInterfaceProgress) {
        `uniffiFree` = other.`uniffiFree`
        `uniffiClone` = other.`uniffiClone`
        `progressed` = other.`progressed`
    }

}

// A JNA Library to expose the extern-C FFI definitions.
// This is an implementation detail which will be called internally by the public API.

// For large crates we prevent `MethodTooLargeException` (see #2340)
// N.B. the name of the extension is very misleading, since it is
// rather `InterfaceTooLargeException`, caused by too many methods
// in the interface for large crates.
//
// By splitting the otherwise huge interface into two parts
// * UniffiLib (this)
// * IntegrityCheckingUniffiLib
// And all checksum methods are put into `IntegrityCheckingUniffiLib`
// we allow for ~2x as many methods in the UniffiLib interface.
//
// Note: above all written when we used JNA's `loadIndirect` etc.
// We now use JNA's "direct mapping" - unclear if same considerations apply exactly.
internal object IntegrityCheckingUniffiLib {
    init {
        Native.register(IntegrityCheckingUniffiLib::class.java, findLibraryName(componentName = "dunlin"))
        uniffiCheckContractApiVersion(this)
    }

    internal fun ensureInitialized() = Unit
    external fun uniffi_dunlin_uniffi_checksum_func_async_wait(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_func_devices(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_func_has(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_func_instruction_set(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_func_version(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_func_error_kind_name(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_func_blank_tensor(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_cancel_cancel(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_cancel_is_cancelled(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_model_info(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_model_memory(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_model_report(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_model_run(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_model_run_async(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_model_session(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_log_wrote(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_progress_progressed(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_pool_n_threads(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_runreport_json(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_runreport_nodes(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_runreport_summary(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_session_reset(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_session_run(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_session_run_async(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_session_set_state(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_session_state(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_value_address(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_value_byte_len(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_value_elements(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_value_info(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_value_keys(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_method_value_texts(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_constructor_cancel_new(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_constructor_model_load(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_constructor_model_load_async(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_constructor_pool_new(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_constructor_value_map(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_constructor_value_optional(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_constructor_value_sequence(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_constructor_value_strings(
    ): Int
    external fun uniffi_dunlin_uniffi_checksum_constructor_value_tensor(
    ): Int
    external fun ffi_dunlin_uniffi_uniffi_contract_version(
    ): Int


}

internal object UniffiLib {

    // The Cleaner for the whole library
    internal val CLEANER: UniffiCleaner by lazy {
        UniffiCleaner.create()
    }


    init {
        Native.register(UniffiLib::class.java, findLibraryName(componentName = "dunlin"))
        uniffiCallbackInterfaceLog.register(this)
        uniffiCallbackInterfaceProgress.register(this)

    }

    internal fun ensureInitialized() = Unit
    external fun uniffi_dunlin_uniffi_fn_clone_cancel(`handle`: Long,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_free_cancel(`handle`: Long,uniffi_out_err: Pointer,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_constructor_cancel_new(uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_method_cancel_cancel(`ptr`: Long,uniffi_out_err: Pointer,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_method_cancel_is_cancelled(`ptr`: Long,uniffi_out_err: Pointer,
    ): Byte
    external fun uniffi_dunlin_uniffi_fn_clone_model(`handle`: Long,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_free_model(`handle`: Long,uniffi_out_err: Pointer,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_constructor_model_load(`source`: RustBuffer.ByValue,`options`: RustBuffer.ByValue,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_constructor_model_load_async(`source`: RustBuffer.ByValue,`options`: RustBuffer.ByValue,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_method_model_info(`ptr`: Long,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_method_model_memory(`ptr`: Long,`shapes`: RustBuffer.ByValue,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_method_model_report(`ptr`: Long,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_method_model_run(`ptr`: Long,`inputs`: RustBuffer.ByValue,`options`: RustBuffer.ByValue,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_method_model_run_async(`ptr`: Long,`inputs`: RustBuffer.ByValue,`options`: RustBuffer.ByValue,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_method_model_session(`ptr`: Long,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_clone_log(`handle`: Long,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_free_log(`handle`: Long,uniffi_out_err: Pointer,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_init_callback_vtable_log(`vtable`: UniffiVTableCallbackInterfaceLog,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_method_log_wrote(`ptr`: Long,`level`: RustBuffer.ByValue,`line`: RustBuffer.ByValue,uniffi_out_err: Pointer,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_clone_progress(`handle`: Long,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_free_progress(`handle`: Long,uniffi_out_err: Pointer,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_init_callback_vtable_progress(`vtable`: UniffiVTableCallbackInterfaceProgress,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_method_progress_progressed(`ptr`: Long,`stage`: RustBuffer.ByValue,`fraction`: Float,uniffi_out_err: Pointer,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_clone_pool(`handle`: Long,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_free_pool(`handle`: Long,uniffi_out_err: Pointer,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_constructor_pool_new(`n`: Int,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_method_pool_n_threads(`ptr`: Long,uniffi_out_err: Pointer,
    ): Int
    external fun uniffi_dunlin_uniffi_fn_clone_runreport(`handle`: Long,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_free_runreport(`handle`: Long,uniffi_out_err: Pointer,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_method_runreport_json(`ptr`: Long,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_method_runreport_nodes(`ptr`: Long,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_method_runreport_summary(`ptr`: Long,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_clone_session(`handle`: Long,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_free_session(`handle`: Long,uniffi_out_err: Pointer,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_method_session_reset(`ptr`: Long,uniffi_out_err: Pointer,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_method_session_run(`ptr`: Long,`inputs`: RustBuffer.ByValue,`options`: RustBuffer.ByValue,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_method_session_run_async(`ptr`: Long,`inputs`: RustBuffer.ByValue,`options`: RustBuffer.ByValue,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_method_session_set_state(`ptr`: Long,`input`: RustBuffer.ByValue,`value`: Long,uniffi_out_err: Pointer,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_method_session_state(`ptr`: Long,`input`: RustBuffer.ByValue,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_clone_value(`handle`: Long,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_free_value(`handle`: Long,uniffi_out_err: Pointer,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_constructor_value_map(`keys`: Long,`values`: RustBuffer.ByValue,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_constructor_value_optional(`value`: RustBuffer.ByValue,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_constructor_value_sequence(`values`: RustBuffer.ByValue,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_constructor_value_strings(`shape`: RustBuffer.ByValue,`strings`: RustBuffer.ByValue,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_constructor_value_tensor(`dtype`: Int,`shape`: RustBuffer.ByValue,`bytes`: ForeignBytes.ByValue,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_method_value_address(`ptr`: Long,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_method_value_byte_len(`ptr`: Long,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_method_value_elements(`ptr`: Long,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_method_value_info(`ptr`: Long,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_method_value_keys(`ptr`: Long,uniffi_out_err: Pointer,
    ): Long
    external fun uniffi_dunlin_uniffi_fn_method_value_texts(`ptr`: Long,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_func_async_wait(`timeoutMs`: Long,uniffi_out_err: Pointer,
    ): Unit
    external fun uniffi_dunlin_uniffi_fn_func_devices(uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_func_has(`feature`: RustBuffer.ByValue,uniffi_out_err: Pointer,
    ): Byte
    external fun uniffi_dunlin_uniffi_fn_func_instruction_set(uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_func_version(uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_func_error_kind_name(`kind`: RustBuffer.ByValue,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun uniffi_dunlin_uniffi_fn_func_blank_tensor(`dtype`: Int,`shape`: RustBuffer.ByValue,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun ffi_dunlin_uniffi_rustbuffer_alloc(`size`: Long,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun ffi_dunlin_uniffi_rustbuffer_from_bytes(`bytes`: ForeignBytes.ByValue,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun ffi_dunlin_uniffi_rustbuffer_free(`buf`: RustBuffer.ByValue,uniffi_out_err: Pointer,
    ): Unit
    external fun ffi_dunlin_uniffi_rustbuffer_reserve(`buf`: RustBuffer.ByValue,`additional`: Long,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun ffi_dunlin_uniffi_rust_future_poll_u8(`handle`: Long,`callback`: UniffiRustFutureContinuationCallback,`callbackData`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_cancel_u8(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_free_u8(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_complete_u8(`handle`: Long,uniffi_out_err: Pointer,
    ): Int
    external fun ffi_dunlin_uniffi_rust_future_poll_i8(`handle`: Long,`callback`: UniffiRustFutureContinuationCallback,`callbackData`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_cancel_i8(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_free_i8(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_complete_i8(`handle`: Long,uniffi_out_err: Pointer,
    ): Byte
    external fun ffi_dunlin_uniffi_rust_future_poll_u16(`handle`: Long,`callback`: UniffiRustFutureContinuationCallback,`callbackData`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_cancel_u16(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_free_u16(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_complete_u16(`handle`: Long,uniffi_out_err: Pointer,
    ): Int
    external fun ffi_dunlin_uniffi_rust_future_poll_i16(`handle`: Long,`callback`: UniffiRustFutureContinuationCallback,`callbackData`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_cancel_i16(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_free_i16(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_complete_i16(`handle`: Long,uniffi_out_err: Pointer,
    ): Short
    external fun ffi_dunlin_uniffi_rust_future_poll_u32(`handle`: Long,`callback`: UniffiRustFutureContinuationCallback,`callbackData`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_cancel_u32(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_free_u32(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_complete_u32(`handle`: Long,uniffi_out_err: Pointer,
    ): Int
    external fun ffi_dunlin_uniffi_rust_future_poll_i32(`handle`: Long,`callback`: UniffiRustFutureContinuationCallback,`callbackData`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_cancel_i32(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_free_i32(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_complete_i32(`handle`: Long,uniffi_out_err: Pointer,
    ): Int
    external fun ffi_dunlin_uniffi_rust_future_poll_u64(`handle`: Long,`callback`: UniffiRustFutureContinuationCallback,`callbackData`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_cancel_u64(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_free_u64(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_complete_u64(`handle`: Long,uniffi_out_err: Pointer,
    ): Long
    external fun ffi_dunlin_uniffi_rust_future_poll_i64(`handle`: Long,`callback`: UniffiRustFutureContinuationCallback,`callbackData`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_cancel_i64(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_free_i64(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_complete_i64(`handle`: Long,uniffi_out_err: Pointer,
    ): Long
    external fun ffi_dunlin_uniffi_rust_future_poll_f32(`handle`: Long,`callback`: UniffiRustFutureContinuationCallback,`callbackData`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_cancel_f32(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_free_f32(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_complete_f32(`handle`: Long,uniffi_out_err: Pointer,
    ): Float
    external fun ffi_dunlin_uniffi_rust_future_poll_f64(`handle`: Long,`callback`: UniffiRustFutureContinuationCallback,`callbackData`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_cancel_f64(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_free_f64(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_complete_f64(`handle`: Long,uniffi_out_err: Pointer,
    ): Double
    external fun ffi_dunlin_uniffi_rust_future_poll_rust_buffer(`handle`: Long,`callback`: UniffiRustFutureContinuationCallback,`callbackData`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_cancel_rust_buffer(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_free_rust_buffer(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_complete_rust_buffer(`handle`: Long,uniffi_out_err: Pointer,
    ): RustBuffer.ByValue
    external fun ffi_dunlin_uniffi_rust_future_poll_void(`handle`: Long,`callback`: UniffiRustFutureContinuationCallback,`callbackData`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_cancel_void(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_free_void(`handle`: Long,
    ): Unit
    external fun ffi_dunlin_uniffi_rust_future_complete_void(`handle`: Long,uniffi_out_err: Pointer,
    ): Unit


}

private fun uniffiCheckContractApiVersion(lib: IntegrityCheckingUniffiLib) {
    // Get the bindings contract version from our ComponentInterface
    val bindings_contract_version = 30
    // Get the scaffolding contract version by calling the into the dylib
    val scaffolding_contract_version = lib.ffi_dunlin_uniffi_uniffi_contract_version()
    if (bindings_contract_version != scaffolding_contract_version) {
        throw RuntimeException("UniFFI contract version mismatch: try cleaning and rebuilding your project")
    }
}

/**
 * @suppress
 */
public fun uniffiEnsureInitialized() {
    // Call arbitrary methods on IntegrityCheckingUniffiLib and UniffiLib to ensure that
    // their init blocks run. This ensures initialization across crates works as expected.
    IntegrityCheckingUniffiLib.ensureInitialized()
    UniffiLib.ensureInitialized()
}

// Async support
// Async return type handlers

internal const val UNIFFI_RUST_FUTURE_POLL_READY = 0.toByte()
internal const val UNIFFI_RUST_FUTURE_POLL_WAKE = 1.toByte()

internal val uniffiContinuationHandleMap = UniffiHandleMap<CancellableContinuation<Byte>>()

// FFI type for Rust future continuations
internal object uniffiRustFutureContinuationCallbackImpl: UniffiRustFutureContinuationCallback {
    override fun callback(data: Long, pollResult: Byte) {
        uniffiContinuationHandleMap.remove(data).resume(pollResult)
    }
}

internal suspend fun<T, F, E: kotlin.Exception> uniffiRustCallAsync(
    rustFuture: Long,
    pollFunc: (Long, UniffiRustFutureContinuationCallback, Long) -> Unit,
    completeFunc: (Long, Pointer) -> F,
    freeFunc: (Long) -> Unit,
    liftFunc: (F) -> T,
    errorHandler: UniffiRustCallStatusErrorHandler<E>
): T {
    try {
        do {
            val pollResult = suspendCancellableCoroutine<Byte> { continuation ->
                pollFunc(
                    rustFuture,
                    uniffiRustFutureContinuationCallbackImpl,
                    uniffiContinuationHandleMap.insert(continuation)
                )
            }
        } while (pollResult != UNIFFI_RUST_FUTURE_POLL_READY);

        return liftFunc(
            uniffiRustCallWithError(errorHandler, { status -> completeFunc(rustFuture, status) })
        )
    } finally {
        freeFunc(rustFuture)
    }
}

// Public interface members begin here.


// Interface implemented by anything that can contain an object reference.
//
// Such types expose a `destroy()` method that must be called to cleanly
// dispose of the contained objects. Failure to call this method may result
// in memory leaks.
//
// The easiest way to ensure this method is called is to use the `.use`
// helper method to execute a block and destroy the object at the end.
interface Disposable {
    fun destroy()
    companion object {
        fun destroy(vararg args: Any?) {
            for (arg in args) {
                when (arg) {
                    is Disposable -> arg.destroy()
                    is ArrayList<*> -> {
                        for (idx in arg.indices) {
                            val element = arg[idx]
                            if (element is Disposable) {
                                element.destroy()
                            }
                        }
                    }
                    is Map<*, *> -> {
                        for (element in arg.values) {
                            if (element is Disposable) {
                                element.destroy()
                            }
                        }
                    }
                    is Iterable<*> -> {
                        for (element in arg) {
                            if (element is Disposable) {
                                element.destroy()
                            }
                        }
                    }
                }
            }
        }
    }
}

/**
 * @suppress
 */
inline fun <T : Disposable?, R> T.use(block: (T) -> R) =
    try {
        block(this)
    } finally {
        try {
            // N.B. our implementation is on the nullable type `Disposable?`.
            this?.destroy()
        } catch (e: Throwable) {
            // swallow
        }
    }

/**
 * Placeholder object used to signal that we're constructing an interface with a FFI handle.
 *
 * This is the first argument for interface constructors that input a raw handle. It exists is that
 * so we can avoid signature conflicts when an interface has a regular constructor than inputs a
 * Long.
 *
 * @suppress
 * */
object UniffiWithHandle

/**
 * Used to instantiate an interface without an actual pointer, for fakes in tests, mostly.
 *
 * @suppress
 * */
object NoHandle// Magic number for the Rust proxy to call using the same mechanism as every other method,
// to free the callback once it's dropped by Rust.
internal const val IDX_CALLBACK_FREE = 0
// Callback return codes
internal const val UNIFFI_CALLBACK_SUCCESS = 0
internal const val UNIFFI_CALLBACK_ERROR = 1
internal const val UNIFFI_CALLBACK_UNEXPECTED_ERROR = 2

/**
 * @suppress
 */
public abstract class FfiConverterCallbackInterface<CallbackInterface: Any>: FfiConverter<CallbackInterface, Long> {
    internal val handleMap = UniffiHandleMap<CallbackInterface>()

    internal fun drop(handle: Long) {
        handleMap.remove(handle)
    }

    override fun lift(value: Long): CallbackInterface {
        return handleMap.get(value)
    }

    override fun read(buf: ByteBuffer) = lift(buf.getLong())

    override fun lower(value: CallbackInterface) = handleMap.insert(value)

    override fun allocationSize(value: CallbackInterface) = 8UL

    override fun write(value: CallbackInterface, buf: ByteBuffer) {
        buf.putLong(lower(value))
    }
}
/**
 * The cleaner interface for Object finalization code to run.
 * This is the entry point to any implementation that we're using.
 *
 * The cleaner registers objects and returns cleanables, so now we are
 * defining a `UniffiCleaner` with a `UniffiClenaer.Cleanable` to abstract the
 * different implmentations available at compile time.
 *
 * @suppress
 */
interface UniffiCleaner {
    interface Cleanable {
        fun clean()
    }

    fun register(value: Any, cleanUpTask: Runnable): UniffiCleaner.Cleanable

    companion object
}

// The fallback Jna cleaner, which is available for both Android, and the JVM.
private class UniffiJnaCleaner : UniffiCleaner {
    private val cleaner = com.sun.jna.internal.Cleaner.getCleaner()

    override fun register(value: Any, cleanUpTask: Runnable): UniffiCleaner.Cleanable =
        UniffiJnaCleanable(cleaner.register(value, cleanUpTask))
}

private class UniffiJnaCleanable(
    private val cleanable: com.sun.jna.internal.Cleaner.Cleanable,
) : UniffiCleaner.Cleanable {
    override fun clean() = cleanable.clean()
}


// We decide at uniffi binding generation time whether we were
// using Android or not.
// There are further runtime checks to chose the correct implementation
// of the cleaner.
private fun UniffiCleaner.Companion.create(): UniffiCleaner =
    try {
        // For safety's sake: if the library hasn't been run in android_cleaner = true
        // mode, but is being run on Android, then we still need to think about
        // Android API versions.
        // So we check if java.lang.ref.Cleaner is there, and use that…
        java.lang.Class.forName("java.lang.ref.Cleaner")
        JavaLangRefCleaner()
    } catch (e: ClassNotFoundException) {
        // … otherwise, fallback to the JNA cleaner.
        UniffiJnaCleaner()
    }

private class JavaLangRefCleaner : UniffiCleaner {
    val cleaner = java.lang.ref.Cleaner.create()

    override fun register(value: Any, cleanUpTask: Runnable): UniffiCleaner.Cleanable =
        JavaLangRefCleanable(cleaner.register(value, cleanUpTask))
}

private class JavaLangRefCleanable(
    val cleanable: java.lang.ref.Cleaner.Cleanable
) : UniffiCleaner.Cleanable {
    override fun clean() = cleanable.clean()
}

/**
 * @suppress
 */
public object FfiConverterUInt: FfiConverter<UInt, Int> {
    override fun lift(value: Int): UInt {
        return value.toUInt()
    }

    override fun read(buf: ByteBuffer): UInt {
        return lift(buf.getInt())
    }

    override fun lower(value: UInt): Int {
        return value.toInt()
    }

    override fun allocationSize(value: UInt) = 4UL

    override fun write(value: UInt, buf: ByteBuffer) {
        buf.putInt(value.toInt())
    }
}

/**
 * @suppress
 */
public object FfiConverterInt: FfiConverter<Int, Int> {
    override fun lift(value: Int): Int {
        return value
    }

    override fun read(buf: ByteBuffer): Int {
        return buf.getInt()
    }

    override fun lower(value: Int): Int {
        return value
    }

    override fun allocationSize(value: Int) = 4UL

    override fun write(value: Int, buf: ByteBuffer) {
        buf.putInt(value)
    }
}

/**
 * @suppress
 */
public object FfiConverterULong: FfiConverter<ULong, Long> {
    override fun lift(value: Long): ULong {
        return value.toULong()
    }

    override fun read(buf: ByteBuffer): ULong {
        return lift(buf.getLong())
    }

    override fun lower(value: ULong): Long {
        return value.toLong()
    }

    override fun allocationSize(value: ULong) = 8UL

    override fun write(value: ULong, buf: ByteBuffer) {
        buf.putLong(value.toLong())
    }
}

/**
 * @suppress
 */
public object FfiConverterLong: FfiConverter<Long, Long> {
    override fun lift(value: Long): Long {
        return value
    }

    override fun read(buf: ByteBuffer): Long {
        return buf.getLong()
    }

    override fun lower(value: Long): Long {
        return value
    }

    override fun allocationSize(value: Long) = 8UL

    override fun write(value: Long, buf: ByteBuffer) {
        buf.putLong(value)
    }
}

/**
 * @suppress
 */
public object FfiConverterFloat: FfiConverter<Float, Float> {
    override fun lift(value: Float): Float {
        return value
    }

    override fun read(buf: ByteBuffer): Float {
        return buf.getFloat()
    }

    override fun lower(value: Float): Float {
        return value
    }

    override fun allocationSize(value: Float) = 4UL

    override fun write(value: Float, buf: ByteBuffer) {
        buf.putFloat(value)
    }
}

/**
 * @suppress
 */
public object FfiConverterBoolean: FfiConverter<Boolean, Byte> {
    override fun lift(value: Byte): Boolean {
        return value.toInt() != 0
    }

    override fun read(buf: ByteBuffer): Boolean {
        return lift(buf.get())
    }

    override fun lower(value: Boolean): Byte {
        return if (value) 1.toByte() else 0.toByte()
    }

    override fun allocationSize(value: Boolean) = 1UL

    override fun write(value: Boolean, buf: ByteBuffer) {
        buf.put(lower(value))
    }
}

/**
 * @suppress
 */
public object FfiConverterString: FfiConverter<String, RustBuffer.ByValue> {
    // Note: we don't inherit from FfiConverterRustBuffer, because we use a
    // special encoding when lowering/lifting.  We can use `RustBuffer.len` to
    // store our length and avoid writing it out to the buffer.
    override fun lift(value: RustBuffer.ByValue): String {
        try {
            val byteArr = ByteArray(value.len.toInt())
            value.asByteBuffer()!!.get(byteArr)
            return byteArr.toString(Charsets.UTF_8)
        } finally {
            RustBuffer.free(value)
        }
    }

    override fun read(buf: ByteBuffer): String {
        val len = buf.getInt()
        val byteArr = ByteArray(len)
        buf.get(byteArr)
        return byteArr.toString(Charsets.UTF_8)
    }

    fun toUtf8(value: String): ByteBuffer {
        // Make sure we don't have invalid UTF-16, check for lone surrogates.
        return Charsets.UTF_8.newEncoder().run {
            onMalformedInput(CodingErrorAction.REPORT)
            encode(CharBuffer.wrap(value))
        }
    }

    override fun lower(value: String): RustBuffer.ByValue {
        val byteBuf = toUtf8(value)
        // Ideally we'd pass these bytes to `ffi_bytebuffer_from_bytes`, but doing so would require us
        // to copy them into a JNA `Memory`. So we might as well directly copy them into a `RustBuffer`.
        val rbuf = RustBuffer.alloc(byteBuf.limit().toULong())
        rbuf.asByteBuffer()!!.put(byteBuf)
        return rbuf
    }

    // We aren't sure exactly how many bytes our string will be once it's UTF-8
    // encoded.  Allocate 3 bytes per UTF-16 code unit which will always be
    // enough.
    override fun allocationSize(value: String): ULong {
        val sizeForLength = 4UL
        val sizeForString = value.length.toULong() * 3UL
        return sizeForLength + sizeForString
    }

    override fun write(value: String, buf: ByteBuffer) {
        val byteBuf = toUtf8(value)
        buf.putInt(byteBuf.limit())
        buf.put(byteBuf)
    }
}

/**
 * @suppress
 */
public object FfiConverterByteArray: FfiConverterRustBuffer<ByteArray> {
    override fun read(buf: ByteBuffer): ByteArray {
        val len = buf.getInt()
        val byteArr = ByteArray(len)
        buf.get(byteArr)
        return byteArr
    }
    override fun allocationSize(value: ByteArray): ULong {
        return 4UL + value.size.toULong()
    }
    override fun write(value: ByteArray, buf: ByteBuffer) {
        buf.putInt(value.size)
        buf.put(value)
    }
}


// This template implements a class for working with a Rust struct via a handle
// to the live Rust struct on the other side of the FFI.
//
// There's some subtlety here, because we have to be careful not to operate on a Rust
// struct after it has been dropped, and because we must expose a public API for freeing
// theq Kotlin wrapper object in lieu of reliable finalizers. The core requirements are:
//
//   * Each instance holds an opaque handle to the underlying Rust struct.
//     Method calls need to read this handle from the object's state and pass it in to
//     the Rust FFI.
//
//   * When an instance is no longer needed, its handle should be passed to a
//     special destructor function provided by the Rust FFI, which will drop the
//     underlying Rust struct.
//
//   * Given an instance, calling code is expected to call the special
//     `destroy` method in order to free it after use, either by calling it explicitly
//     or by using a higher-level helper like the `use` method. Failing to do so risks
//     leaking the underlying Rust struct.
//
//   * We can't assume that calling code will do the right thing, and must be prepared
//     to handle Kotlin method calls executing concurrently with or even after a call to
//     `destroy`, and to handle multiple (possibly concurrent!) calls to `destroy`.
//
//   * We must never allow Rust code to operate on the underlying Rust struct after
//     the destructor has been called, and must never call the destructor more than once.
//     Doing so may trigger memory unsafety.
//
//   * To mitigate many of the risks of leaking memory and use-after-free unsafety, a `Cleaner`
//     is implemented to call the destructor when the Kotlin object becomes unreachable.
//     This is done in a background thread. This is not a panacea, and client code should be aware that
//      1. the thread may starve if some there are objects that have poorly performing
//     `drop` methods or do significant work in their `drop` methods.
//      2. the thread is shared across the whole library. This can be tuned by using `android_cleaner = true`,
//         or `android = true` in the [`kotlin` section of the `uniffi.toml` file](https://mozilla.github.io/uniffi-rs/kotlin/configuration.html).
//
// If we try to implement this with mutual exclusion on access to the handle, there is the
// possibility of a race between a method call and a concurrent call to `destroy`:
//
//    * Thread A starts a method call, reads the value of the handle, but is interrupted
//      before it can pass the handle over the FFI to Rust.
//    * Thread B calls `destroy` and frees the underlying Rust struct.
//    * Thread A resumes, passing the already-read handle value to Rust and triggering
//      a use-after-free.
//
// One possible solution would be to use a `ReadWriteLock`, with each method call taking
// a read lock (and thus allowed to run concurrently) and the special `destroy` method
// taking a write lock (and thus blocking on live method calls). However, we aim not to
// generate methods with any hidden blocking semantics, and a `destroy` method that might
// block if called incorrectly seems to meet that bar.
//
// So, we achieve our goals by giving each instance an associated `AtomicLong` counter to track
// the number of in-flight method calls, and an `AtomicBoolean` flag to indicate whether `destroy`
// has been called. These are updated according to the following rules:
//
//    * The initial value of the counter is 1, indicating a live object with no in-flight calls.
//      The initial value for the flag is false.
//
//    * At the start of each method call, we atomically check the counter.
//      If it is 0 then the underlying Rust struct has already been destroyed and the call is aborted.
//      If it is nonzero them we atomically increment it by 1 and proceed with the method call.
//
//    * At the end of each method call, we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
//    * When `destroy` is called, we atomically flip the flag from false to true.
//      If the flag was already true we silently fail.
//      Otherwise we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
// Astute readers may observe that this all sounds very similar to the way that Rust's `Arc<T>` works,
// and indeed it is, with the addition of a flag to guard against multiple calls to `destroy`.
//
// The overall effect is that the underlying Rust struct is destroyed only when `destroy` has been
// called *and* all in-flight method calls have completed, avoiding violating any of the expectations
// of the underlying Rust code.
//
// This makes a cleaner a better alternative to _not_ calling `destroy()` as
// and when the object is finished with, but the abstraction is not perfect: if the Rust object's `drop`
// method is slow, and/or there are many objects to cleanup, and it's on a low end Android device, then the cleaner
// thread may be starved, and the app will leak memory.
//
// In this case, `destroy`ing manually may be a better solution.
//
// The cleaner can live side by side with the manual calling of `destroy`. In the order of responsiveness, uniffi objects
// with Rust peers are reclaimed:
//
// 1. By calling the `destroy` method of the object, which calls `rustObject.free()`. If that doesn't happen:
// 2. When the object becomes unreachable, AND the Cleaner thread gets to call `rustObject.free()`. If the thread is starved then:
// 3. The memory is reclaimed when the process terminates.
//
// [1] https://stackoverflow.com/questions/24376768/can-java-finalize-an-object-when-it-is-still-in-scope/24380219
//


/**
 * A switch that ends the loads and runs that it was given to. It is turned on once and stays on.
 */
public interface CancelInterface {

    /**
     * Turns it on, from any thread: loads and runs end with the kind `cancelled`, and later ones end at once.
     */
    fun `cancel`()

    /**
     * Whether it is on.
     */
    fun `isCancelled`(): kotlin.Boolean

    companion object
}

/**
 * A switch that ends the loads and runs that it was given to. It is turned on once and stays on.
 */
open class Cancel: Disposable, AutoCloseable, CancelInterface
{

    @Suppress("UNUSED_PARAMETER")
    /**
     * @suppress
     */
    constructor(withHandle: UniffiWithHandle, handle: Long) {
        this.handle = handle
        this.cleanable = UniffiLib.CLEANER.register(this, UniffiCleanAction(handle))
    }

    /**
     * @suppress
     *
     * This constructor can be used to instantiate a fake object. Only used for tests. Any
     * attempt to actually use an object constructed this way will fail as there is no
     * connected Rust object.
     */
    @Suppress("UNUSED_PARAMETER")
    constructor(noHandle: NoHandle) {
        this.handle = 0
        this.cleanable = null
    }
    /**
     * A switch that is off.
     */
    constructor() :
        this(UniffiWithHandle,
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_constructor_cancel_new(

        _status)
}
    )

    protected val handle: Long
    protected val cleanable: UniffiCleaner.Cleanable?

    private val wasDestroyed = AtomicBoolean(false)
    private val callCounter = AtomicLong(1)

    /**
     * Whether the current object has been destroyed and its reference is gone in the Rust side.
     */
    val uniffiIsDestroyed: Boolean get() = wasDestroyed.get()

    override fun destroy() {
        // Only allow a single call to this method.
        // TODO: maybe we should log a warning if called more than once?
        if (this.wasDestroyed.compareAndSet(false, true)) {
            // This decrement always matches the initial count of 1 given at creation time.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    @Synchronized
    override fun close() {
        this.destroy()
    }

    internal inline fun <R> callWithHandle(block: (handle: Long) -> R): R {
        // Check and increment the call counter, to keep the object alive.
        // This needs a compare-and-set retry loop in case of concurrent updates.
        do {
            val c = this.callCounter.get()
            if (c == 0L) {
                throw IllegalStateException("${this.javaClass.simpleName} object has already been destroyed")
            }
            if (c == Long.MAX_VALUE) {
                throw IllegalStateException("${this.javaClass.simpleName} call counter would overflow")
            }
        } while (! this.callCounter.compareAndSet(c, c + 1L))
        // Now we can safely do the method call without the handle being freed concurrently.
        try {
            return block(this.uniffiCloneHandle())
        } finally {
            // This decrement always matches the increment we performed above.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    // Use a static inner class instead of a closure so as not to accidentally
    // capture `this` as part of the cleanable's action.
    private class UniffiCleanAction(private val handle: Long) : Runnable {
        override fun run() {
            if (handle == 0.toLong()) {
                // Fake object created with `NoHandle`, don't try to free.
                return;
            }
            uniffiRustCall { status ->
                UniffiLib.uniffi_dunlin_uniffi_fn_free_cancel(handle, status)
            }
        }
    }

    /**
     * @suppress
     */
    fun uniffiCloneHandle(): Long {
        if (handle == 0.toLong()) {
            throw InternalException("uniffiCloneHandle() called on NoHandle object");
        }
        return uniffiRustCall() { status ->
            UniffiLib.uniffi_dunlin_uniffi_fn_clone_cancel(handle, status)
        }
    }


    /**
     * Turns it on, from any thread: loads and runs end with the kind `cancelled`, and later ones end at once.
     */override fun `cancel`()
        =
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_cancel_cancel(
        it,
        _status)
}
    }




    /**
     * Whether it is on.
     */override fun `isCancelled`(): kotlin.Boolean {
            return FfiConverterBoolean.lift(
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_cancel_is_cancelled(
        it,
        _status)
}
    }
    )
    }









    /**
     * @suppress
     */
    companion object

}


/**
 * @suppress
 */
public object FfiConverterTypeCancel: FfiConverter<Cancel, Long> {
    override fun lower(value: Cancel): Long {
        return value.uniffiCloneHandle()
    }

    override fun lift(value: Long): Cancel {
        return Cancel(UniffiWithHandle, value)
    }

    override fun read(buf: ByteBuffer): Cancel {
        return lift(buf.getLong())
    }

    override fun allocationSize(value: Cancel) = 8UL

    override fun write(value: Cancel, buf: ByteBuffer) {
        buf.putLong(lower(value))
    }
}


// This template implements a class for working with a Rust struct via a handle
// to the live Rust struct on the other side of the FFI.
//
// There's some subtlety here, because we have to be careful not to operate on a Rust
// struct after it has been dropped, and because we must expose a public API for freeing
// theq Kotlin wrapper object in lieu of reliable finalizers. The core requirements are:
//
//   * Each instance holds an opaque handle to the underlying Rust struct.
//     Method calls need to read this handle from the object's state and pass it in to
//     the Rust FFI.
//
//   * When an instance is no longer needed, its handle should be passed to a
//     special destructor function provided by the Rust FFI, which will drop the
//     underlying Rust struct.
//
//   * Given an instance, calling code is expected to call the special
//     `destroy` method in order to free it after use, either by calling it explicitly
//     or by using a higher-level helper like the `use` method. Failing to do so risks
//     leaking the underlying Rust struct.
//
//   * We can't assume that calling code will do the right thing, and must be prepared
//     to handle Kotlin method calls executing concurrently with or even after a call to
//     `destroy`, and to handle multiple (possibly concurrent!) calls to `destroy`.
//
//   * We must never allow Rust code to operate on the underlying Rust struct after
//     the destructor has been called, and must never call the destructor more than once.
//     Doing so may trigger memory unsafety.
//
//   * To mitigate many of the risks of leaking memory and use-after-free unsafety, a `Cleaner`
//     is implemented to call the destructor when the Kotlin object becomes unreachable.
//     This is done in a background thread. This is not a panacea, and client code should be aware that
//      1. the thread may starve if some there are objects that have poorly performing
//     `drop` methods or do significant work in their `drop` methods.
//      2. the thread is shared across the whole library. This can be tuned by using `android_cleaner = true`,
//         or `android = true` in the [`kotlin` section of the `uniffi.toml` file](https://mozilla.github.io/uniffi-rs/kotlin/configuration.html).
//
// If we try to implement this with mutual exclusion on access to the handle, there is the
// possibility of a race between a method call and a concurrent call to `destroy`:
//
//    * Thread A starts a method call, reads the value of the handle, but is interrupted
//      before it can pass the handle over the FFI to Rust.
//    * Thread B calls `destroy` and frees the underlying Rust struct.
//    * Thread A resumes, passing the already-read handle value to Rust and triggering
//      a use-after-free.
//
// One possible solution would be to use a `ReadWriteLock`, with each method call taking
// a read lock (and thus allowed to run concurrently) and the special `destroy` method
// taking a write lock (and thus blocking on live method calls). However, we aim not to
// generate methods with any hidden blocking semantics, and a `destroy` method that might
// block if called incorrectly seems to meet that bar.
//
// So, we achieve our goals by giving each instance an associated `AtomicLong` counter to track
// the number of in-flight method calls, and an `AtomicBoolean` flag to indicate whether `destroy`
// has been called. These are updated according to the following rules:
//
//    * The initial value of the counter is 1, indicating a live object with no in-flight calls.
//      The initial value for the flag is false.
//
//    * At the start of each method call, we atomically check the counter.
//      If it is 0 then the underlying Rust struct has already been destroyed and the call is aborted.
//      If it is nonzero them we atomically increment it by 1 and proceed with the method call.
//
//    * At the end of each method call, we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
//    * When `destroy` is called, we atomically flip the flag from false to true.
//      If the flag was already true we silently fail.
//      Otherwise we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
// Astute readers may observe that this all sounds very similar to the way that Rust's `Arc<T>` works,
// and indeed it is, with the addition of a flag to guard against multiple calls to `destroy`.
//
// The overall effect is that the underlying Rust struct is destroyed only when `destroy` has been
// called *and* all in-flight method calls have completed, avoiding violating any of the expectations
// of the underlying Rust code.
//
// This makes a cleaner a better alternative to _not_ calling `destroy()` as
// and when the object is finished with, but the abstraction is not perfect: if the Rust object's `drop`
// method is slow, and/or there are many objects to cleanup, and it's on a low end Android device, then the cleaner
// thread may be starved, and the app will leak memory.
//
// In this case, `destroy`ing manually may be a better solution.
//
// The cleaner can live side by side with the manual calling of `destroy`. In the order of responsiveness, uniffi objects
// with Rust peers are reclaimed:
//
// 1. By calling the `destroy` method of the object, which calls `rustObject.free()`. If that doesn't happen:
// 2. When the object becomes unreachable, AND the Cleaner thread gets to call `rustObject.free()`. If the thread is starved then:
// 3. The memory is reclaimed when the process terminates.
//
// [1] https://stackoverflow.com/questions/24376768/can-java-finalize-an-object-when-it-is-still-in-scope/24380219
//


/**
 * Given lines about loads, from the loading thread.
 */
public interface Log {

    /**
     * It must not throw.
     */
    fun `wrote`(`level`: LogLevel, `line`: kotlin.String)

    companion object
}

/**
 * Given lines about loads, from the loading thread.
 */
open class LogImpl: Disposable, AutoCloseable, Log
{

    @Suppress("UNUSED_PARAMETER")
    /**
     * @suppress
     */
    constructor(withHandle: UniffiWithHandle, handle: Long) {
        this.handle = handle
        this.cleanable = UniffiLib.CLEANER.register(this, UniffiCleanAction(handle))
    }

    /**
     * @suppress
     *
     * This constructor can be used to instantiate a fake object. Only used for tests. Any
     * attempt to actually use an object constructed this way will fail as there is no
     * connected Rust object.
     */
    @Suppress("UNUSED_PARAMETER")
    constructor(noHandle: NoHandle) {
        this.handle = 0
        this.cleanable = null
    }

    protected val handle: Long
    protected val cleanable: UniffiCleaner.Cleanable?

    private val wasDestroyed = AtomicBoolean(false)
    private val callCounter = AtomicLong(1)

    /**
     * Whether the current object has been destroyed and its reference is gone in the Rust side.
     */
    val uniffiIsDestroyed: Boolean get() = wasDestroyed.get()

    override fun destroy() {
        // Only allow a single call to this method.
        // TODO: maybe we should log a warning if called more than once?
        if (this.wasDestroyed.compareAndSet(false, true)) {
            // This decrement always matches the initial count of 1 given at creation time.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    @Synchronized
    override fun close() {
        this.destroy()
    }

    internal inline fun <R> callWithHandle(block: (handle: Long) -> R): R {
        // Check and increment the call counter, to keep the object alive.
        // This needs a compare-and-set retry loop in case of concurrent updates.
        do {
            val c = this.callCounter.get()
            if (c == 0L) {
                throw IllegalStateException("${this.javaClass.simpleName} object has already been destroyed")
            }
            if (c == Long.MAX_VALUE) {
                throw IllegalStateException("${this.javaClass.simpleName} call counter would overflow")
            }
        } while (! this.callCounter.compareAndSet(c, c + 1L))
        // Now we can safely do the method call without the handle being freed concurrently.
        try {
            return block(this.uniffiCloneHandle())
        } finally {
            // This decrement always matches the increment we performed above.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    // Use a static inner class instead of a closure so as not to accidentally
    // capture `this` as part of the cleanable's action.
    private class UniffiCleanAction(private val handle: Long) : Runnable {
        override fun run() {
            if (handle == 0.toLong()) {
                // Fake object created with `NoHandle`, don't try to free.
                return;
            }
            uniffiRustCall { status ->
                UniffiLib.uniffi_dunlin_uniffi_fn_free_log(handle, status)
            }
        }
    }

    /**
     * @suppress
     */
    fun uniffiCloneHandle(): Long {
        if (handle == 0.toLong()) {
            throw InternalException("uniffiCloneHandle() called on NoHandle object");
        }
        return uniffiRustCall() { status ->
            UniffiLib.uniffi_dunlin_uniffi_fn_clone_log(handle, status)
        }
    }


    /**
     * It must not throw.
     */override fun `wrote`(`level`: LogLevel, `line`: kotlin.String)
        =
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_log_wrote(
        it,

        FfiConverterTypeLogLevel.lower(`level`),
        FfiConverterString.lower(`line`),_status)
}
    }










    /**
     * @suppress
     */
    companion object

}



// Put the implementation in an object so we don't pollute the top-level namespace
internal object uniffiCallbackInterfaceLog {
    internal object `wrote`: UniffiCallbackInterfaceLogMethod0 {
        override fun callback(`uniffiHandle`: Long,`level`: RustBuffer.ByValue,`line`: RustBuffer.ByValue,`uniffiOutReturn`: Pointer,uniffiCallStatus: UniffiRustCallStatus,) {
            val uniffiObj = FfiConverterTypeLog.handleMap.get(uniffiHandle)
            val makeCall = { ->
                uniffiObj.`wrote`(
                    FfiConverterTypeLogLevel.lift(`level`),
                    FfiConverterString.lift(`line`),
                )
            }
            val writeReturn = { _: Unit -> Unit }
            uniffiTraitInterfaceCall(uniffiCallStatus, makeCall, writeReturn)
        }
    }

    internal object uniffiFree: UniffiCallbackInterfaceFree {
        override fun callback(handle: Long) {
            FfiConverterTypeLog.handleMap.remove(handle)
        }
    }

    internal object uniffiClone: UniffiCallbackInterfaceClone {
        override fun callback(handle: Long): Long {
            return FfiConverterTypeLog.handleMap.clone(handle)
        }
    }

    internal var vtable = UniffiVTableCallbackInterfaceLog.UniffiByValue(
        uniffiFree,
        uniffiClone,
        `wrote`,
    )

    // Registers the foreign callback with the Rust side.
    // This method is generated for each callback interface.
    internal fun register(lib: UniffiLib) {
        lib.uniffi_dunlin_uniffi_fn_init_callback_vtable_log(vtable)
    }
}

/**
 * @suppress
 */
public object FfiConverterTypeLog: FfiConverter<Log, Long> {
    internal val handleMap = UniffiHandleMap<Log>()

    override fun lower(value: Log): Long {
        if (value is LogImpl) {
             // Rust-implemented object.  Clone the handle and return it
            return value.uniffiCloneHandle()
         } else {
            // Kotlin object, generate a new vtable handle and return that.
            return handleMap.insert(value)
         }
    }

    override fun lift(value: Long): Log {
        if ((value and 1.toLong()) == 0.toLong()) {
            // Rust-generated handle, construct a new class that uses the handle to implement the
            // interface
            return LogImpl(UniffiWithHandle, value)
        } else {
            // Kotlin-generated handle, get the object from the handle map
            return handleMap.remove(value)
        }
    }

    override fun read(buf: ByteBuffer): Log {
        return lift(buf.getLong())
    }

    override fun allocationSize(value: Log) = 8UL

    override fun write(value: Log, buf: ByteBuffer) {
        buf.putLong(lower(value))
    }
}


// This template implements a class for working with a Rust struct via a handle
// to the live Rust struct on the other side of the FFI.
//
// There's some subtlety here, because we have to be careful not to operate on a Rust
// struct after it has been dropped, and because we must expose a public API for freeing
// theq Kotlin wrapper object in lieu of reliable finalizers. The core requirements are:
//
//   * Each instance holds an opaque handle to the underlying Rust struct.
//     Method calls need to read this handle from the object's state and pass it in to
//     the Rust FFI.
//
//   * When an instance is no longer needed, its handle should be passed to a
//     special destructor function provided by the Rust FFI, which will drop the
//     underlying Rust struct.
//
//   * Given an instance, calling code is expected to call the special
//     `destroy` method in order to free it after use, either by calling it explicitly
//     or by using a higher-level helper like the `use` method. Failing to do so risks
//     leaking the underlying Rust struct.
//
//   * We can't assume that calling code will do the right thing, and must be prepared
//     to handle Kotlin method calls executing concurrently with or even after a call to
//     `destroy`, and to handle multiple (possibly concurrent!) calls to `destroy`.
//
//   * We must never allow Rust code to operate on the underlying Rust struct after
//     the destructor has been called, and must never call the destructor more than once.
//     Doing so may trigger memory unsafety.
//
//   * To mitigate many of the risks of leaking memory and use-after-free unsafety, a `Cleaner`
//     is implemented to call the destructor when the Kotlin object becomes unreachable.
//     This is done in a background thread. This is not a panacea, and client code should be aware that
//      1. the thread may starve if some there are objects that have poorly performing
//     `drop` methods or do significant work in their `drop` methods.
//      2. the thread is shared across the whole library. This can be tuned by using `android_cleaner = true`,
//         or `android = true` in the [`kotlin` section of the `uniffi.toml` file](https://mozilla.github.io/uniffi-rs/kotlin/configuration.html).
//
// If we try to implement this with mutual exclusion on access to the handle, there is the
// possibility of a race between a method call and a concurrent call to `destroy`:
//
//    * Thread A starts a method call, reads the value of the handle, but is interrupted
//      before it can pass the handle over the FFI to Rust.
//    * Thread B calls `destroy` and frees the underlying Rust struct.
//    * Thread A resumes, passing the already-read handle value to Rust and triggering
//      a use-after-free.
//
// One possible solution would be to use a `ReadWriteLock`, with each method call taking
// a read lock (and thus allowed to run concurrently) and the special `destroy` method
// taking a write lock (and thus blocking on live method calls). However, we aim not to
// generate methods with any hidden blocking semantics, and a `destroy` method that might
// block if called incorrectly seems to meet that bar.
//
// So, we achieve our goals by giving each instance an associated `AtomicLong` counter to track
// the number of in-flight method calls, and an `AtomicBoolean` flag to indicate whether `destroy`
// has been called. These are updated according to the following rules:
//
//    * The initial value of the counter is 1, indicating a live object with no in-flight calls.
//      The initial value for the flag is false.
//
//    * At the start of each method call, we atomically check the counter.
//      If it is 0 then the underlying Rust struct has already been destroyed and the call is aborted.
//      If it is nonzero them we atomically increment it by 1 and proceed with the method call.
//
//    * At the end of each method call, we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
//    * When `destroy` is called, we atomically flip the flag from false to true.
//      If the flag was already true we silently fail.
//      Otherwise we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
// Astute readers may observe that this all sounds very similar to the way that Rust's `Arc<T>` works,
// and indeed it is, with the addition of a flag to guard against multiple calls to `destroy`.
//
// The overall effect is that the underlying Rust struct is destroyed only when `destroy` has been
// called *and* all in-flight method calls have completed, avoiding violating any of the expectations
// of the underlying Rust code.
//
// This makes a cleaner a better alternative to _not_ calling `destroy()` as
// and when the object is finished with, but the abstraction is not perfect: if the Rust object's `drop`
// method is slow, and/or there are many objects to cleanup, and it's on a low end Android device, then the cleaner
// thread may be starved, and the app will leak memory.
//
// In this case, `destroy`ing manually may be a better solution.
//
// The cleaner can live side by side with the manual calling of `destroy`. In the order of responsiveness, uniffi objects
// with Rust peers are reclaimed:
//
// 1. By calling the `destroy` method of the object, which calls `rustObject.free()`. If that doesn't happen:
// 2. When the object becomes unreachable, AND the Cleaner thread gets to call `rustObject.free()`. If the thread is starved then:
// 3. The memory is reclaimed when the process terminates.
//
// [1] https://stackoverflow.com/questions/24376768/can-java-finalize-an-object-when-it-is-still-in-scope/24380219
//


/**
 * A loaded model. Any number of threads may run it at the same time.
 */
public interface ModelInterface {

    /**
     * What it is.
     */
    fun `info`(): ModelInfo

    /**
     * How much memory a run takes with inputs of these shapes, in the model's order; none for the shape that the file declares.
     *
     * # Errors
     * Kind `input` if there are more shapes than inputs, `shape` for negative sizes.
     */
    fun `memory`(`shapes`: List<List<kotlin.Long>?>): MemoryNeed

    /**
     * Where its nodes run.
     */
    fun `report`(): ModelReport

    /**
     * Runs the model.
     *
     * # Errors
     * Kinds `input`, `shape` and `dtype` for inputs that do not fit, `cancelled` and `deadline`; whatever a node reports, with the node.
     */
    fun `run`(`inputs`: List<Input>, `options`: RunOptions): RunResult

    /**
     * Runs the model in the background. Giving up the wait cancels the run.
     *
     * # Errors
     * As [`Model::run`].
     */
    suspend fun `runAsync`(`inputs`: List<Input>, `options`: RunOptions): RunResult

    /**
     * A session: repeated runs with kept buffers and states.
     */
    fun `session`(): Session

    companion object
}

/**
 * A loaded model. Any number of threads may run it at the same time.
 */
open class Model: Disposable, AutoCloseable, ModelInterface
{

    @Suppress("UNUSED_PARAMETER")
    /**
     * @suppress
     */
    constructor(withHandle: UniffiWithHandle, handle: Long) {
        this.handle = handle
        this.cleanable = UniffiLib.CLEANER.register(this, UniffiCleanAction(handle))
    }

    /**
     * @suppress
     *
     * This constructor can be used to instantiate a fake object. Only used for tests. Any
     * attempt to actually use an object constructed this way will fail as there is no
     * connected Rust object.
     */
    @Suppress("UNUSED_PARAMETER")
    constructor(noHandle: NoHandle) {
        this.handle = 0
        this.cleanable = null
    }

    protected val handle: Long
    protected val cleanable: UniffiCleaner.Cleanable?

    private val wasDestroyed = AtomicBoolean(false)
    private val callCounter = AtomicLong(1)

    /**
     * Whether the current object has been destroyed and its reference is gone in the Rust side.
     */
    val uniffiIsDestroyed: Boolean get() = wasDestroyed.get()

    override fun destroy() {
        // Only allow a single call to this method.
        // TODO: maybe we should log a warning if called more than once?
        if (this.wasDestroyed.compareAndSet(false, true)) {
            // This decrement always matches the initial count of 1 given at creation time.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    @Synchronized
    override fun close() {
        this.destroy()
    }

    internal inline fun <R> callWithHandle(block: (handle: Long) -> R): R {
        // Check and increment the call counter, to keep the object alive.
        // This needs a compare-and-set retry loop in case of concurrent updates.
        do {
            val c = this.callCounter.get()
            if (c == 0L) {
                throw IllegalStateException("${this.javaClass.simpleName} object has already been destroyed")
            }
            if (c == Long.MAX_VALUE) {
                throw IllegalStateException("${this.javaClass.simpleName} call counter would overflow")
            }
        } while (! this.callCounter.compareAndSet(c, c + 1L))
        // Now we can safely do the method call without the handle being freed concurrently.
        try {
            return block(this.uniffiCloneHandle())
        } finally {
            // This decrement always matches the increment we performed above.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    // Use a static inner class instead of a closure so as not to accidentally
    // capture `this` as part of the cleanable's action.
    private class UniffiCleanAction(private val handle: Long) : Runnable {
        override fun run() {
            if (handle == 0.toLong()) {
                // Fake object created with `NoHandle`, don't try to free.
                return;
            }
            uniffiRustCall { status ->
                UniffiLib.uniffi_dunlin_uniffi_fn_free_model(handle, status)
            }
        }
    }

    /**
     * @suppress
     */
    fun uniffiCloneHandle(): Long {
        if (handle == 0.toLong()) {
            throw InternalException("uniffiCloneHandle() called on NoHandle object");
        }
        return uniffiRustCall() { status ->
            UniffiLib.uniffi_dunlin_uniffi_fn_clone_model(handle, status)
        }
    }


    /**
     * What it is.
     */override fun `info`(): ModelInfo {
            return FfiConverterTypeModelInfo.lift(
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_model_info(
        it,
        _status)
}
    }
    )
    }



    /**
     * How much memory a run takes with inputs of these shapes, in the model's order; none for the shape that the file declares.
     *
     * # Errors
     * Kind `input` if there are more shapes than inputs, `shape` for negative sizes.
     */
    @Throws(DunlinException::class)override fun `memory`(`shapes`: List<List<kotlin.Long>?>): MemoryNeed {
            return FfiConverterTypeMemoryNeed.lift(
    callWithHandle {
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_model_memory(
        it,

        FfiConverterSequenceOptionalSequenceLong.lower(`shapes`),_status)
}
    }
    )
    }



    /**
     * Where its nodes run.
     */override fun `report`(): ModelReport {
            return FfiConverterTypeModelReport.lift(
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_model_report(
        it,
        _status)
}
    }
    )
    }



    /**
     * Runs the model.
     *
     * # Errors
     * Kinds `input`, `shape` and `dtype` for inputs that do not fit, `cancelled` and `deadline`; whatever a node reports, with the node.
     */
    @Throws(DunlinException::class)override fun `run`(`inputs`: List<Input>, `options`: RunOptions): RunResult {
            return FfiConverterTypeRunResult.lift(
    callWithHandle {
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_model_run(
        it,

        FfiConverterSequenceTypeInput.lower(`inputs`),
        FfiConverterTypeRunOptions.lower(`options`),_status)
}
    }
    )
    }



    /**
     * Runs the model in the background. Giving up the wait cancels the run.
     *
     * # Errors
     * As [`Model::run`].
     */
    @Throws(DunlinException::class)
    @Suppress("ASSIGNED_BUT_NEVER_ACCESSED_VARIABLE")
    override suspend fun `runAsync`(`inputs`: List<Input>, `options`: RunOptions) : RunResult {
        return uniffiRustCallAsync(
        callWithHandle { uniffiHandle ->
            UniffiLib.uniffi_dunlin_uniffi_fn_method_model_run_async(
                uniffiHandle,

        FfiConverterSequenceTypeInput.lower(`inputs`),
        FfiConverterTypeRunOptions.lower(`options`),
            )
        },
        { future, callback, continuation -> UniffiLib.ffi_dunlin_uniffi_rust_future_poll_rust_buffer(future, callback, continuation) },
        { future, continuation -> UniffiLib.ffi_dunlin_uniffi_rust_future_complete_rust_buffer(future, continuation) },
        { future -> UniffiLib.ffi_dunlin_uniffi_rust_future_free_rust_buffer(future) },
        // lift function
        { FfiConverterTypeRunResult.lift(it) },
        // Error FFI converter
        DunlinException.ErrorHandler,
    )
    }


    /**
     * A session: repeated runs with kept buffers and states.
     */override fun `session`(): Session {
            return FfiConverterTypeSession.lift(
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_model_session(
        it,
        _status)
}
    }
    )
    }








    companion object {

    /**
     * Loads a model. A path may be given relative to the working folder.
     *
     * # Errors
     * Kind `not-found` or `io` for files, and whatever the contents deserve.
     */
    @Throws(DunlinException::class) fun `load`(`source`: Source, `options`: LoadOptions): Model {
            return FfiConverterTypeModel.lift(
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_constructor_model_load(


        FfiConverterTypeSource.lower(`source`),
        FfiConverterTypeLoadOptions.lower(`options`),_status)
}
    )
    }



    /**
     * Loads a model in the background. Giving up the wait ends the load.
     *
     * # Errors
     * As [`Model::load`].
     */
    @Throws(DunlinException::class)
    @Suppress("ASSIGNED_BUT_NEVER_ACCESSED_VARIABLE")
     suspend fun `loadAsync`(`source`: Source, `options`: LoadOptions) : Model {
        return uniffiRustCallAsync(
        UniffiLib.uniffi_dunlin_uniffi_fn_constructor_model_load_async(
        FfiConverterTypeSource.lower(`source`),
        FfiConverterTypeLoadOptions.lower(`options`),),
        { future, callback, continuation -> UniffiLib.ffi_dunlin_uniffi_rust_future_poll_u64(future, callback, continuation) },
        { future, continuation -> UniffiLib.ffi_dunlin_uniffi_rust_future_complete_u64(future, continuation) },
        { future -> UniffiLib.ffi_dunlin_uniffi_rust_future_free_u64(future) },
        // lift function
        { FfiConverterTypeModel.lift(it) },
        // Error FFI converter
        DunlinException.ErrorHandler,
    )
    }


    }

}


/**
 * @suppress
 */
public object FfiConverterTypeModel: FfiConverter<Model, Long> {
    override fun lower(value: Model): Long {
        return value.uniffiCloneHandle()
    }

    override fun lift(value: Long): Model {
        return Model(UniffiWithHandle, value)
    }

    override fun read(buf: ByteBuffer): Model {
        return lift(buf.getLong())
    }

    override fun allocationSize(value: Model) = 8UL

    override fun write(value: Model, buf: ByteBuffer) {
        buf.putLong(lower(value))
    }
}


// This template implements a class for working with a Rust struct via a handle
// to the live Rust struct on the other side of the FFI.
//
// There's some subtlety here, because we have to be careful not to operate on a Rust
// struct after it has been dropped, and because we must expose a public API for freeing
// theq Kotlin wrapper object in lieu of reliable finalizers. The core requirements are:
//
//   * Each instance holds an opaque handle to the underlying Rust struct.
//     Method calls need to read this handle from the object's state and pass it in to
//     the Rust FFI.
//
//   * When an instance is no longer needed, its handle should be passed to a
//     special destructor function provided by the Rust FFI, which will drop the
//     underlying Rust struct.
//
//   * Given an instance, calling code is expected to call the special
//     `destroy` method in order to free it after use, either by calling it explicitly
//     or by using a higher-level helper like the `use` method. Failing to do so risks
//     leaking the underlying Rust struct.
//
//   * We can't assume that calling code will do the right thing, and must be prepared
//     to handle Kotlin method calls executing concurrently with or even after a call to
//     `destroy`, and to handle multiple (possibly concurrent!) calls to `destroy`.
//
//   * We must never allow Rust code to operate on the underlying Rust struct after
//     the destructor has been called, and must never call the destructor more than once.
//     Doing so may trigger memory unsafety.
//
//   * To mitigate many of the risks of leaking memory and use-after-free unsafety, a `Cleaner`
//     is implemented to call the destructor when the Kotlin object becomes unreachable.
//     This is done in a background thread. This is not a panacea, and client code should be aware that
//      1. the thread may starve if some there are objects that have poorly performing
//     `drop` methods or do significant work in their `drop` methods.
//      2. the thread is shared across the whole library. This can be tuned by using `android_cleaner = true`,
//         or `android = true` in the [`kotlin` section of the `uniffi.toml` file](https://mozilla.github.io/uniffi-rs/kotlin/configuration.html).
//
// If we try to implement this with mutual exclusion on access to the handle, there is the
// possibility of a race between a method call and a concurrent call to `destroy`:
//
//    * Thread A starts a method call, reads the value of the handle, but is interrupted
//      before it can pass the handle over the FFI to Rust.
//    * Thread B calls `destroy` and frees the underlying Rust struct.
//    * Thread A resumes, passing the already-read handle value to Rust and triggering
//      a use-after-free.
//
// One possible solution would be to use a `ReadWriteLock`, with each method call taking
// a read lock (and thus allowed to run concurrently) and the special `destroy` method
// taking a write lock (and thus blocking on live method calls). However, we aim not to
// generate methods with any hidden blocking semantics, and a `destroy` method that might
// block if called incorrectly seems to meet that bar.
//
// So, we achieve our goals by giving each instance an associated `AtomicLong` counter to track
// the number of in-flight method calls, and an `AtomicBoolean` flag to indicate whether `destroy`
// has been called. These are updated according to the following rules:
//
//    * The initial value of the counter is 1, indicating a live object with no in-flight calls.
//      The initial value for the flag is false.
//
//    * At the start of each method call, we atomically check the counter.
//      If it is 0 then the underlying Rust struct has already been destroyed and the call is aborted.
//      If it is nonzero them we atomically increment it by 1 and proceed with the method call.
//
//    * At the end of each method call, we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
//    * When `destroy` is called, we atomically flip the flag from false to true.
//      If the flag was already true we silently fail.
//      Otherwise we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
// Astute readers may observe that this all sounds very similar to the way that Rust's `Arc<T>` works,
// and indeed it is, with the addition of a flag to guard against multiple calls to `destroy`.
//
// The overall effect is that the underlying Rust struct is destroyed only when `destroy` has been
// called *and* all in-flight method calls have completed, avoiding violating any of the expectations
// of the underlying Rust code.
//
// This makes a cleaner a better alternative to _not_ calling `destroy()` as
// and when the object is finished with, but the abstraction is not perfect: if the Rust object's `drop`
// method is slow, and/or there are many objects to cleanup, and it's on a low end Android device, then the cleaner
// thread may be starved, and the app will leak memory.
//
// In this case, `destroy`ing manually may be a better solution.
//
// The cleaner can live side by side with the manual calling of `destroy`. In the order of responsiveness, uniffi objects
// with Rust peers are reclaimed:
//
// 1. By calling the `destroy` method of the object, which calls `rustObject.free()`. If that doesn't happen:
// 2. When the object becomes unreachable, AND the Cleaner thread gets to call `rustObject.free()`. If the thread is starved then:
// 3. The memory is reclaimed when the process terminates.
//
// [1] https://stackoverflow.com/questions/24376768/can-java-finalize-an-object-when-it-is-still-in-scope/24380219
//


/**
 * Threads that models share. They sleep when nothing runs and end with the last model that uses them.
 */
public interface PoolInterface {

    /**
     * How many threads it has.
     */
    fun `nThreads`(): kotlin.UInt

    companion object
}

/**
 * Threads that models share. They sleep when nothing runs and end with the last model that uses them.
 */
open class Pool: Disposable, AutoCloseable, PoolInterface
{

    @Suppress("UNUSED_PARAMETER")
    /**
     * @suppress
     */
    constructor(withHandle: UniffiWithHandle, handle: Long) {
        this.handle = handle
        this.cleanable = UniffiLib.CLEANER.register(this, UniffiCleanAction(handle))
    }

    /**
     * @suppress
     *
     * This constructor can be used to instantiate a fake object. Only used for tests. Any
     * attempt to actually use an object constructed this way will fail as there is no
     * connected Rust object.
     */
    @Suppress("UNUSED_PARAMETER")
    constructor(noHandle: NoHandle) {
        this.handle = 0
        this.cleanable = null
    }
    /**
     * A pool of `n` threads, the callers of runs included; 0 for as many as the process may use.
     *
     * # Errors
     * Kind `input` for a number that no machine has, `out-of-memory` if the system refuses a thread.
     */
    constructor(`n`: kotlin.UInt) :
        this(UniffiWithHandle,
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_constructor_pool_new(


        FfiConverterUInt.lower(`n`),_status)
}
    )

    protected val handle: Long
    protected val cleanable: UniffiCleaner.Cleanable?

    private val wasDestroyed = AtomicBoolean(false)
    private val callCounter = AtomicLong(1)

    /**
     * Whether the current object has been destroyed and its reference is gone in the Rust side.
     */
    val uniffiIsDestroyed: Boolean get() = wasDestroyed.get()

    override fun destroy() {
        // Only allow a single call to this method.
        // TODO: maybe we should log a warning if called more than once?
        if (this.wasDestroyed.compareAndSet(false, true)) {
            // This decrement always matches the initial count of 1 given at creation time.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    @Synchronized
    override fun close() {
        this.destroy()
    }

    internal inline fun <R> callWithHandle(block: (handle: Long) -> R): R {
        // Check and increment the call counter, to keep the object alive.
        // This needs a compare-and-set retry loop in case of concurrent updates.
        do {
            val c = this.callCounter.get()
            if (c == 0L) {
                throw IllegalStateException("${this.javaClass.simpleName} object has already been destroyed")
            }
            if (c == Long.MAX_VALUE) {
                throw IllegalStateException("${this.javaClass.simpleName} call counter would overflow")
            }
        } while (! this.callCounter.compareAndSet(c, c + 1L))
        // Now we can safely do the method call without the handle being freed concurrently.
        try {
            return block(this.uniffiCloneHandle())
        } finally {
            // This decrement always matches the increment we performed above.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    // Use a static inner class instead of a closure so as not to accidentally
    // capture `this` as part of the cleanable's action.
    private class UniffiCleanAction(private val handle: Long) : Runnable {
        override fun run() {
            if (handle == 0.toLong()) {
                // Fake object created with `NoHandle`, don't try to free.
                return;
            }
            uniffiRustCall { status ->
                UniffiLib.uniffi_dunlin_uniffi_fn_free_pool(handle, status)
            }
        }
    }

    /**
     * @suppress
     */
    fun uniffiCloneHandle(): Long {
        if (handle == 0.toLong()) {
            throw InternalException("uniffiCloneHandle() called on NoHandle object");
        }
        return uniffiRustCall() { status ->
            UniffiLib.uniffi_dunlin_uniffi_fn_clone_pool(handle, status)
        }
    }


    /**
     * How many threads it has.
     */override fun `nThreads`(): kotlin.UInt {
            return FfiConverterUInt.lift(
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_pool_n_threads(
        it,
        _status)
}
    }
    )
    }









    /**
     * @suppress
     */
    companion object

}


/**
 * @suppress
 */
public object FfiConverterTypePool: FfiConverter<Pool, Long> {
    override fun lower(value: Pool): Long {
        return value.uniffiCloneHandle()
    }

    override fun lift(value: Long): Pool {
        return Pool(UniffiWithHandle, value)
    }

    override fun read(buf: ByteBuffer): Pool {
        return lift(buf.getLong())
    }

    override fun allocationSize(value: Pool) = 8UL

    override fun write(value: Pool, buf: ByteBuffer) {
        buf.putLong(lower(value))
    }
}


// This template implements a class for working with a Rust struct via a handle
// to the live Rust struct on the other side of the FFI.
//
// There's some subtlety here, because we have to be careful not to operate on a Rust
// struct after it has been dropped, and because we must expose a public API for freeing
// theq Kotlin wrapper object in lieu of reliable finalizers. The core requirements are:
//
//   * Each instance holds an opaque handle to the underlying Rust struct.
//     Method calls need to read this handle from the object's state and pass it in to
//     the Rust FFI.
//
//   * When an instance is no longer needed, its handle should be passed to a
//     special destructor function provided by the Rust FFI, which will drop the
//     underlying Rust struct.
//
//   * Given an instance, calling code is expected to call the special
//     `destroy` method in order to free it after use, either by calling it explicitly
//     or by using a higher-level helper like the `use` method. Failing to do so risks
//     leaking the underlying Rust struct.
//
//   * We can't assume that calling code will do the right thing, and must be prepared
//     to handle Kotlin method calls executing concurrently with or even after a call to
//     `destroy`, and to handle multiple (possibly concurrent!) calls to `destroy`.
//
//   * We must never allow Rust code to operate on the underlying Rust struct after
//     the destructor has been called, and must never call the destructor more than once.
//     Doing so may trigger memory unsafety.
//
//   * To mitigate many of the risks of leaking memory and use-after-free unsafety, a `Cleaner`
//     is implemented to call the destructor when the Kotlin object becomes unreachable.
//     This is done in a background thread. This is not a panacea, and client code should be aware that
//      1. the thread may starve if some there are objects that have poorly performing
//     `drop` methods or do significant work in their `drop` methods.
//      2. the thread is shared across the whole library. This can be tuned by using `android_cleaner = true`,
//         or `android = true` in the [`kotlin` section of the `uniffi.toml` file](https://mozilla.github.io/uniffi-rs/kotlin/configuration.html).
//
// If we try to implement this with mutual exclusion on access to the handle, there is the
// possibility of a race between a method call and a concurrent call to `destroy`:
//
//    * Thread A starts a method call, reads the value of the handle, but is interrupted
//      before it can pass the handle over the FFI to Rust.
//    * Thread B calls `destroy` and frees the underlying Rust struct.
//    * Thread A resumes, passing the already-read handle value to Rust and triggering
//      a use-after-free.
//
// One possible solution would be to use a `ReadWriteLock`, with each method call taking
// a read lock (and thus allowed to run concurrently) and the special `destroy` method
// taking a write lock (and thus blocking on live method calls). However, we aim not to
// generate methods with any hidden blocking semantics, and a `destroy` method that might
// block if called incorrectly seems to meet that bar.
//
// So, we achieve our goals by giving each instance an associated `AtomicLong` counter to track
// the number of in-flight method calls, and an `AtomicBoolean` flag to indicate whether `destroy`
// has been called. These are updated according to the following rules:
//
//    * The initial value of the counter is 1, indicating a live object with no in-flight calls.
//      The initial value for the flag is false.
//
//    * At the start of each method call, we atomically check the counter.
//      If it is 0 then the underlying Rust struct has already been destroyed and the call is aborted.
//      If it is nonzero them we atomically increment it by 1 and proceed with the method call.
//
//    * At the end of each method call, we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
//    * When `destroy` is called, we atomically flip the flag from false to true.
//      If the flag was already true we silently fail.
//      Otherwise we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
// Astute readers may observe that this all sounds very similar to the way that Rust's `Arc<T>` works,
// and indeed it is, with the addition of a flag to guard against multiple calls to `destroy`.
//
// The overall effect is that the underlying Rust struct is destroyed only when `destroy` has been
// called *and* all in-flight method calls have completed, avoiding violating any of the expectations
// of the underlying Rust code.
//
// This makes a cleaner a better alternative to _not_ calling `destroy()` as
// and when the object is finished with, but the abstraction is not perfect: if the Rust object's `drop`
// method is slow, and/or there are many objects to cleanup, and it's on a low end Android device, then the cleaner
// thread may be starved, and the app will leak memory.
//
// In this case, `destroy`ing manually may be a better solution.
//
// The cleaner can live side by side with the manual calling of `destroy`. In the order of responsiveness, uniffi objects
// with Rust peers are reclaimed:
//
// 1. By calling the `destroy` method of the object, which calls `rustObject.free()`. If that doesn't happen:
// 2. When the object becomes unreachable, AND the Cleaner thread gets to call `rustObject.free()`. If the thread is starved then:
// 3. The memory is reclaimed when the process terminates.
//
// [1] https://stackoverflow.com/questions/24376768/can-java-finalize-an-object-when-it-is-still-in-scope/24380219
//


/**
 * Told how far loading has come, from the loading thread.
 */
public interface Progress {

    /**
     * `fraction` goes from 0 to 1. It must not throw.
     */
    fun `progressed`(`stage`: Stage, `fraction`: kotlin.Float)

    companion object
}

/**
 * Told how far loading has come, from the loading thread.
 */
open class ProgressImpl: Disposable, AutoCloseable, Progress
{

    @Suppress("UNUSED_PARAMETER")
    /**
     * @suppress
     */
    constructor(withHandle: UniffiWithHandle, handle: Long) {
        this.handle = handle
        this.cleanable = UniffiLib.CLEANER.register(this, UniffiCleanAction(handle))
    }

    /**
     * @suppress
     *
     * This constructor can be used to instantiate a fake object. Only used for tests. Any
     * attempt to actually use an object constructed this way will fail as there is no
     * connected Rust object.
     */
    @Suppress("UNUSED_PARAMETER")
    constructor(noHandle: NoHandle) {
        this.handle = 0
        this.cleanable = null
    }

    protected val handle: Long
    protected val cleanable: UniffiCleaner.Cleanable?

    private val wasDestroyed = AtomicBoolean(false)
    private val callCounter = AtomicLong(1)

    /**
     * Whether the current object has been destroyed and its reference is gone in the Rust side.
     */
    val uniffiIsDestroyed: Boolean get() = wasDestroyed.get()

    override fun destroy() {
        // Only allow a single call to this method.
        // TODO: maybe we should log a warning if called more than once?
        if (this.wasDestroyed.compareAndSet(false, true)) {
            // This decrement always matches the initial count of 1 given at creation time.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    @Synchronized
    override fun close() {
        this.destroy()
    }

    internal inline fun <R> callWithHandle(block: (handle: Long) -> R): R {
        // Check and increment the call counter, to keep the object alive.
        // This needs a compare-and-set retry loop in case of concurrent updates.
        do {
            val c = this.callCounter.get()
            if (c == 0L) {
                throw IllegalStateException("${this.javaClass.simpleName} object has already been destroyed")
            }
            if (c == Long.MAX_VALUE) {
                throw IllegalStateException("${this.javaClass.simpleName} call counter would overflow")
            }
        } while (! this.callCounter.compareAndSet(c, c + 1L))
        // Now we can safely do the method call without the handle being freed concurrently.
        try {
            return block(this.uniffiCloneHandle())
        } finally {
            // This decrement always matches the increment we performed above.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    // Use a static inner class instead of a closure so as not to accidentally
    // capture `this` as part of the cleanable's action.
    private class UniffiCleanAction(private val handle: Long) : Runnable {
        override fun run() {
            if (handle == 0.toLong()) {
                // Fake object created with `NoHandle`, don't try to free.
                return;
            }
            uniffiRustCall { status ->
                UniffiLib.uniffi_dunlin_uniffi_fn_free_progress(handle, status)
            }
        }
    }

    /**
     * @suppress
     */
    fun uniffiCloneHandle(): Long {
        if (handle == 0.toLong()) {
            throw InternalException("uniffiCloneHandle() called on NoHandle object");
        }
        return uniffiRustCall() { status ->
            UniffiLib.uniffi_dunlin_uniffi_fn_clone_progress(handle, status)
        }
    }


    /**
     * `fraction` goes from 0 to 1. It must not throw.
     */override fun `progressed`(`stage`: Stage, `fraction`: kotlin.Float)
        =
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_progress_progressed(
        it,

        FfiConverterTypeStage.lower(`stage`),
        FfiConverterFloat.lower(`fraction`),_status)
}
    }










    /**
     * @suppress
     */
    companion object

}



// Put the implementation in an object so we don't pollute the top-level namespace
internal object uniffiCallbackInterfaceProgress {
    internal object `progressed`: UniffiCallbackInterfaceProgressMethod0 {
        override fun callback(`uniffiHandle`: Long,`stage`: RustBuffer.ByValue,`fraction`: Float,`uniffiOutReturn`: Pointer,uniffiCallStatus: UniffiRustCallStatus,) {
            val uniffiObj = FfiConverterTypeProgress.handleMap.get(uniffiHandle)
            val makeCall = { ->
                uniffiObj.`progressed`(
                    FfiConverterTypeStage.lift(`stage`),
                    FfiConverterFloat.lift(`fraction`),
                )
            }
            val writeReturn = { _: Unit -> Unit }
            uniffiTraitInterfaceCall(uniffiCallStatus, makeCall, writeReturn)
        }
    }

    internal object uniffiFree: UniffiCallbackInterfaceFree {
        override fun callback(handle: Long) {
            FfiConverterTypeProgress.handleMap.remove(handle)
        }
    }

    internal object uniffiClone: UniffiCallbackInterfaceClone {
        override fun callback(handle: Long): Long {
            return FfiConverterTypeProgress.handleMap.clone(handle)
        }
    }

    internal var vtable = UniffiVTableCallbackInterfaceProgress.UniffiByValue(
        uniffiFree,
        uniffiClone,
        `progressed`,
    )

    // Registers the foreign callback with the Rust side.
    // This method is generated for each callback interface.
    internal fun register(lib: UniffiLib) {
        lib.uniffi_dunlin_uniffi_fn_init_callback_vtable_progress(vtable)
    }
}

/**
 * @suppress
 */
public object FfiConverterTypeProgress: FfiConverter<Progress, Long> {
    internal val handleMap = UniffiHandleMap<Progress>()

    override fun lower(value: Progress): Long {
        if (value is ProgressImpl) {
             // Rust-implemented object.  Clone the handle and return it
            return value.uniffiCloneHandle()
         } else {
            // Kotlin object, generate a new vtable handle and return that.
            return handleMap.insert(value)
         }
    }

    override fun lift(value: Long): Progress {
        if ((value and 1.toLong()) == 0.toLong()) {
            // Rust-generated handle, construct a new class that uses the handle to implement the
            // interface
            return ProgressImpl(UniffiWithHandle, value)
        } else {
            // Kotlin-generated handle, get the object from the handle map
            return handleMap.remove(value)
        }
    }

    override fun read(buf: ByteBuffer): Progress {
        return lift(buf.getLong())
    }

    override fun allocationSize(value: Progress) = 8UL

    override fun write(value: Progress, buf: ByteBuffer) {
        buf.putLong(lower(value))
    }
}


// This template implements a class for working with a Rust struct via a handle
// to the live Rust struct on the other side of the FFI.
//
// There's some subtlety here, because we have to be careful not to operate on a Rust
// struct after it has been dropped, and because we must expose a public API for freeing
// theq Kotlin wrapper object in lieu of reliable finalizers. The core requirements are:
//
//   * Each instance holds an opaque handle to the underlying Rust struct.
//     Method calls need to read this handle from the object's state and pass it in to
//     the Rust FFI.
//
//   * When an instance is no longer needed, its handle should be passed to a
//     special destructor function provided by the Rust FFI, which will drop the
//     underlying Rust struct.
//
//   * Given an instance, calling code is expected to call the special
//     `destroy` method in order to free it after use, either by calling it explicitly
//     or by using a higher-level helper like the `use` method. Failing to do so risks
//     leaking the underlying Rust struct.
//
//   * We can't assume that calling code will do the right thing, and must be prepared
//     to handle Kotlin method calls executing concurrently with or even after a call to
//     `destroy`, and to handle multiple (possibly concurrent!) calls to `destroy`.
//
//   * We must never allow Rust code to operate on the underlying Rust struct after
//     the destructor has been called, and must never call the destructor more than once.
//     Doing so may trigger memory unsafety.
//
//   * To mitigate many of the risks of leaking memory and use-after-free unsafety, a `Cleaner`
//     is implemented to call the destructor when the Kotlin object becomes unreachable.
//     This is done in a background thread. This is not a panacea, and client code should be aware that
//      1. the thread may starve if some there are objects that have poorly performing
//     `drop` methods or do significant work in their `drop` methods.
//      2. the thread is shared across the whole library. This can be tuned by using `android_cleaner = true`,
//         or `android = true` in the [`kotlin` section of the `uniffi.toml` file](https://mozilla.github.io/uniffi-rs/kotlin/configuration.html).
//
// If we try to implement this with mutual exclusion on access to the handle, there is the
// possibility of a race between a method call and a concurrent call to `destroy`:
//
//    * Thread A starts a method call, reads the value of the handle, but is interrupted
//      before it can pass the handle over the FFI to Rust.
//    * Thread B calls `destroy` and frees the underlying Rust struct.
//    * Thread A resumes, passing the already-read handle value to Rust and triggering
//      a use-after-free.
//
// One possible solution would be to use a `ReadWriteLock`, with each method call taking
// a read lock (and thus allowed to run concurrently) and the special `destroy` method
// taking a write lock (and thus blocking on live method calls). However, we aim not to
// generate methods with any hidden blocking semantics, and a `destroy` method that might
// block if called incorrectly seems to meet that bar.
//
// So, we achieve our goals by giving each instance an associated `AtomicLong` counter to track
// the number of in-flight method calls, and an `AtomicBoolean` flag to indicate whether `destroy`
// has been called. These are updated according to the following rules:
//
//    * The initial value of the counter is 1, indicating a live object with no in-flight calls.
//      The initial value for the flag is false.
//
//    * At the start of each method call, we atomically check the counter.
//      If it is 0 then the underlying Rust struct has already been destroyed and the call is aborted.
//      If it is nonzero them we atomically increment it by 1 and proceed with the method call.
//
//    * At the end of each method call, we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
//    * When `destroy` is called, we atomically flip the flag from false to true.
//      If the flag was already true we silently fail.
//      Otherwise we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
// Astute readers may observe that this all sounds very similar to the way that Rust's `Arc<T>` works,
// and indeed it is, with the addition of a flag to guard against multiple calls to `destroy`.
//
// The overall effect is that the underlying Rust struct is destroyed only when `destroy` has been
// called *and* all in-flight method calls have completed, avoiding violating any of the expectations
// of the underlying Rust code.
//
// This makes a cleaner a better alternative to _not_ calling `destroy()` as
// and when the object is finished with, but the abstraction is not perfect: if the Rust object's `drop`
// method is slow, and/or there are many objects to cleanup, and it's on a low end Android device, then the cleaner
// thread may be starved, and the app will leak memory.
//
// In this case, `destroy`ing manually may be a better solution.
//
// The cleaner can live side by side with the manual calling of `destroy`. In the order of responsiveness, uniffi objects
// with Rust peers are reclaimed:
//
// 1. By calling the `destroy` method of the object, which calls `rustObject.free()`. If that doesn't happen:
// 2. When the object becomes unreachable, AND the Cleaner thread gets to call `rustObject.free()`. If the thread is starved then:
// 3. The memory is reclaimed when the process terminates.
//
// [1] https://stackoverflow.com/questions/24376768/can-java-finalize-an-object-when-it-is-still-in-scope/24380219
//


/**
 * What one run spent. It is only put into records when the host asks.
 */
public interface RunReportInterface {

    /**
     * All of it as JSON.
     */
    fun `json`(): kotlin.String

    /**
     * Each node that ran, in order; nodes of nested graphs once per execution, before the node around them.
     */
    fun `nodes`(): List<NodeReport>

    /**
     * The run as a whole.
     */
    fun `summary`(): RunSummary

    companion object
}

/**
 * What one run spent. It is only put into records when the host asks.
 */
open class RunReport: Disposable, AutoCloseable, RunReportInterface
{

    @Suppress("UNUSED_PARAMETER")
    /**
     * @suppress
     */
    constructor(withHandle: UniffiWithHandle, handle: Long) {
        this.handle = handle
        this.cleanable = UniffiLib.CLEANER.register(this, UniffiCleanAction(handle))
    }

    /**
     * @suppress
     *
     * This constructor can be used to instantiate a fake object. Only used for tests. Any
     * attempt to actually use an object constructed this way will fail as there is no
     * connected Rust object.
     */
    @Suppress("UNUSED_PARAMETER")
    constructor(noHandle: NoHandle) {
        this.handle = 0
        this.cleanable = null
    }

    protected val handle: Long
    protected val cleanable: UniffiCleaner.Cleanable?

    private val wasDestroyed = AtomicBoolean(false)
    private val callCounter = AtomicLong(1)

    /**
     * Whether the current object has been destroyed and its reference is gone in the Rust side.
     */
    val uniffiIsDestroyed: Boolean get() = wasDestroyed.get()

    override fun destroy() {
        // Only allow a single call to this method.
        // TODO: maybe we should log a warning if called more than once?
        if (this.wasDestroyed.compareAndSet(false, true)) {
            // This decrement always matches the initial count of 1 given at creation time.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    @Synchronized
    override fun close() {
        this.destroy()
    }

    internal inline fun <R> callWithHandle(block: (handle: Long) -> R): R {
        // Check and increment the call counter, to keep the object alive.
        // This needs a compare-and-set retry loop in case of concurrent updates.
        do {
            val c = this.callCounter.get()
            if (c == 0L) {
                throw IllegalStateException("${this.javaClass.simpleName} object has already been destroyed")
            }
            if (c == Long.MAX_VALUE) {
                throw IllegalStateException("${this.javaClass.simpleName} call counter would overflow")
            }
        } while (! this.callCounter.compareAndSet(c, c + 1L))
        // Now we can safely do the method call without the handle being freed concurrently.
        try {
            return block(this.uniffiCloneHandle())
        } finally {
            // This decrement always matches the increment we performed above.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    // Use a static inner class instead of a closure so as not to accidentally
    // capture `this` as part of the cleanable's action.
    private class UniffiCleanAction(private val handle: Long) : Runnable {
        override fun run() {
            if (handle == 0.toLong()) {
                // Fake object created with `NoHandle`, don't try to free.
                return;
            }
            uniffiRustCall { status ->
                UniffiLib.uniffi_dunlin_uniffi_fn_free_runreport(handle, status)
            }
        }
    }

    /**
     * @suppress
     */
    fun uniffiCloneHandle(): Long {
        if (handle == 0.toLong()) {
            throw InternalException("uniffiCloneHandle() called on NoHandle object");
        }
        return uniffiRustCall() { status ->
            UniffiLib.uniffi_dunlin_uniffi_fn_clone_runreport(handle, status)
        }
    }


    /**
     * All of it as JSON.
     */override fun `json`(): kotlin.String {
            return FfiConverterString.lift(
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_runreport_json(
        it,
        _status)
}
    }
    )
    }



    /**
     * Each node that ran, in order; nodes of nested graphs once per execution, before the node around them.
     */override fun `nodes`(): List<NodeReport> {
            return FfiConverterSequenceTypeNodeReport.lift(
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_runreport_nodes(
        it,
        _status)
}
    }
    )
    }



    /**
     * The run as a whole.
     */override fun `summary`(): RunSummary {
            return FfiConverterTypeRunSummary.lift(
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_runreport_summary(
        it,
        _status)
}
    }
    )
    }









    /**
     * @suppress
     */
    companion object

}


/**
 * @suppress
 */
public object FfiConverterTypeRunReport: FfiConverter<RunReport, Long> {
    override fun lower(value: RunReport): Long {
        return value.uniffiCloneHandle()
    }

    override fun lift(value: Long): RunReport {
        return RunReport(UniffiWithHandle, value)
    }

    override fun read(buf: ByteBuffer): RunReport {
        return lift(buf.getLong())
    }

    override fun allocationSize(value: RunReport) = 8UL

    override fun write(value: RunReport, buf: ByteBuffer) {
        buf.putLong(lower(value))
    }
}


// This template implements a class for working with a Rust struct via a handle
// to the live Rust struct on the other side of the FFI.
//
// There's some subtlety here, because we have to be careful not to operate on a Rust
// struct after it has been dropped, and because we must expose a public API for freeing
// theq Kotlin wrapper object in lieu of reliable finalizers. The core requirements are:
//
//   * Each instance holds an opaque handle to the underlying Rust struct.
//     Method calls need to read this handle from the object's state and pass it in to
//     the Rust FFI.
//
//   * When an instance is no longer needed, its handle should be passed to a
//     special destructor function provided by the Rust FFI, which will drop the
//     underlying Rust struct.
//
//   * Given an instance, calling code is expected to call the special
//     `destroy` method in order to free it after use, either by calling it explicitly
//     or by using a higher-level helper like the `use` method. Failing to do so risks
//     leaking the underlying Rust struct.
//
//   * We can't assume that calling code will do the right thing, and must be prepared
//     to handle Kotlin method calls executing concurrently with or even after a call to
//     `destroy`, and to handle multiple (possibly concurrent!) calls to `destroy`.
//
//   * We must never allow Rust code to operate on the underlying Rust struct after
//     the destructor has been called, and must never call the destructor more than once.
//     Doing so may trigger memory unsafety.
//
//   * To mitigate many of the risks of leaking memory and use-after-free unsafety, a `Cleaner`
//     is implemented to call the destructor when the Kotlin object becomes unreachable.
//     This is done in a background thread. This is not a panacea, and client code should be aware that
//      1. the thread may starve if some there are objects that have poorly performing
//     `drop` methods or do significant work in their `drop` methods.
//      2. the thread is shared across the whole library. This can be tuned by using `android_cleaner = true`,
//         or `android = true` in the [`kotlin` section of the `uniffi.toml` file](https://mozilla.github.io/uniffi-rs/kotlin/configuration.html).
//
// If we try to implement this with mutual exclusion on access to the handle, there is the
// possibility of a race between a method call and a concurrent call to `destroy`:
//
//    * Thread A starts a method call, reads the value of the handle, but is interrupted
//      before it can pass the handle over the FFI to Rust.
//    * Thread B calls `destroy` and frees the underlying Rust struct.
//    * Thread A resumes, passing the already-read handle value to Rust and triggering
//      a use-after-free.
//
// One possible solution would be to use a `ReadWriteLock`, with each method call taking
// a read lock (and thus allowed to run concurrently) and the special `destroy` method
// taking a write lock (and thus blocking on live method calls). However, we aim not to
// generate methods with any hidden blocking semantics, and a `destroy` method that might
// block if called incorrectly seems to meet that bar.
//
// So, we achieve our goals by giving each instance an associated `AtomicLong` counter to track
// the number of in-flight method calls, and an `AtomicBoolean` flag to indicate whether `destroy`
// has been called. These are updated according to the following rules:
//
//    * The initial value of the counter is 1, indicating a live object with no in-flight calls.
//      The initial value for the flag is false.
//
//    * At the start of each method call, we atomically check the counter.
//      If it is 0 then the underlying Rust struct has already been destroyed and the call is aborted.
//      If it is nonzero them we atomically increment it by 1 and proceed with the method call.
//
//    * At the end of each method call, we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
//    * When `destroy` is called, we atomically flip the flag from false to true.
//      If the flag was already true we silently fail.
//      Otherwise we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
// Astute readers may observe that this all sounds very similar to the way that Rust's `Arc<T>` works,
// and indeed it is, with the addition of a flag to guard against multiple calls to `destroy`.
//
// The overall effect is that the underlying Rust struct is destroyed only when `destroy` has been
// called *and* all in-flight method calls have completed, avoiding violating any of the expectations
// of the underlying Rust code.
//
// This makes a cleaner a better alternative to _not_ calling `destroy()` as
// and when the object is finished with, but the abstraction is not perfect: if the Rust object's `drop`
// method is slow, and/or there are many objects to cleanup, and it's on a low end Android device, then the cleaner
// thread may be starved, and the app will leak memory.
//
// In this case, `destroy`ing manually may be a better solution.
//
// The cleaner can live side by side with the manual calling of `destroy`. In the order of responsiveness, uniffi objects
// with Rust peers are reclaimed:
//
// 1. By calling the `destroy` method of the object, which calls `rustObject.free()`. If that doesn't happen:
// 2. When the object becomes unreachable, AND the Cleaner thread gets to call `rustObject.free()`. If the thread is starved then:
// 3. The memory is reclaimed when the process terminates.
//
// [1] https://stackoverflow.com/questions/24376768/can-java-finalize-an-object-when-it-is-still-in-scope/24380219
//


/**
 * Repeated runs of one model, with kept buffers and the model's states. One call at a time: a second one fails with the kind `busy`.
 */
public interface SessionInterface {

    /**
     * Forgets all states: the next run starts anew.
     *
     * # Errors
     * Kind `busy` if a run is under way.
     */
    fun `reset`()

    /**
     * Runs the model. Inputs that are states may be left out from the second run on.
     *
     * # Errors
     * As [`crate::Model::run`]; states are then as before the run. Kind `busy` if another call is under way.
     */
    fun `run`(`inputs`: List<Input>, `options`: RunOptions): RunResult

    /**
     * Runs the model in the background. Giving up the wait cancels the run.
     *
     * # Errors
     * As [`Session::run`].
     */
    suspend fun `runAsync`(`inputs`: List<Input>, `options`: RunOptions): RunResult

    /**
     * Sets a state by the name of its input.
     *
     * # Errors
     * Kind `not-found` if the model declares no such state, `dtype` for what is no tensor.
     */
    fun `setState`(`input`: kotlin.String, `value`: Value)

    /**
     * A state by the name of its input; none before the first run.
     *
     * # Errors
     * Kind `not-found` if the model declares no such state.
     */
    fun `state`(`input`: kotlin.String): Value?

    companion object
}

/**
 * Repeated runs of one model, with kept buffers and the model's states. One call at a time: a second one fails with the kind `busy`.
 */
open class Session: Disposable, AutoCloseable, SessionInterface
{

    @Suppress("UNUSED_PARAMETER")
    /**
     * @suppress
     */
    constructor(withHandle: UniffiWithHandle, handle: Long) {
        this.handle = handle
        this.cleanable = UniffiLib.CLEANER.register(this, UniffiCleanAction(handle))
    }

    /**
     * @suppress
     *
     * This constructor can be used to instantiate a fake object. Only used for tests. Any
     * attempt to actually use an object constructed this way will fail as there is no
     * connected Rust object.
     */
    @Suppress("UNUSED_PARAMETER")
    constructor(noHandle: NoHandle) {
        this.handle = 0
        this.cleanable = null
    }

    protected val handle: Long
    protected val cleanable: UniffiCleaner.Cleanable?

    private val wasDestroyed = AtomicBoolean(false)
    private val callCounter = AtomicLong(1)

    /**
     * Whether the current object has been destroyed and its reference is gone in the Rust side.
     */
    val uniffiIsDestroyed: Boolean get() = wasDestroyed.get()

    override fun destroy() {
        // Only allow a single call to this method.
        // TODO: maybe we should log a warning if called more than once?
        if (this.wasDestroyed.compareAndSet(false, true)) {
            // This decrement always matches the initial count of 1 given at creation time.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    @Synchronized
    override fun close() {
        this.destroy()
    }

    internal inline fun <R> callWithHandle(block: (handle: Long) -> R): R {
        // Check and increment the call counter, to keep the object alive.
        // This needs a compare-and-set retry loop in case of concurrent updates.
        do {
            val c = this.callCounter.get()
            if (c == 0L) {
                throw IllegalStateException("${this.javaClass.simpleName} object has already been destroyed")
            }
            if (c == Long.MAX_VALUE) {
                throw IllegalStateException("${this.javaClass.simpleName} call counter would overflow")
            }
        } while (! this.callCounter.compareAndSet(c, c + 1L))
        // Now we can safely do the method call without the handle being freed concurrently.
        try {
            return block(this.uniffiCloneHandle())
        } finally {
            // This decrement always matches the increment we performed above.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    // Use a static inner class instead of a closure so as not to accidentally
    // capture `this` as part of the cleanable's action.
    private class UniffiCleanAction(private val handle: Long) : Runnable {
        override fun run() {
            if (handle == 0.toLong()) {
                // Fake object created with `NoHandle`, don't try to free.
                return;
            }
            uniffiRustCall { status ->
                UniffiLib.uniffi_dunlin_uniffi_fn_free_session(handle, status)
            }
        }
    }

    /**
     * @suppress
     */
    fun uniffiCloneHandle(): Long {
        if (handle == 0.toLong()) {
            throw InternalException("uniffiCloneHandle() called on NoHandle object");
        }
        return uniffiRustCall() { status ->
            UniffiLib.uniffi_dunlin_uniffi_fn_clone_session(handle, status)
        }
    }


    /**
     * Forgets all states: the next run starts anew.
     *
     * # Errors
     * Kind `busy` if a run is under way.
     */
    @Throws(DunlinException::class)override fun `reset`()
        =
    callWithHandle {
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_session_reset(
        it,
        _status)
}
    }




    /**
     * Runs the model. Inputs that are states may be left out from the second run on.
     *
     * # Errors
     * As [`crate::Model::run`]; states are then as before the run. Kind `busy` if another call is under way.
     */
    @Throws(DunlinException::class)override fun `run`(`inputs`: List<Input>, `options`: RunOptions): RunResult {
            return FfiConverterTypeRunResult.lift(
    callWithHandle {
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_session_run(
        it,

        FfiConverterSequenceTypeInput.lower(`inputs`),
        FfiConverterTypeRunOptions.lower(`options`),_status)
}
    }
    )
    }



    /**
     * Runs the model in the background. Giving up the wait cancels the run.
     *
     * # Errors
     * As [`Session::run`].
     */
    @Throws(DunlinException::class)
    @Suppress("ASSIGNED_BUT_NEVER_ACCESSED_VARIABLE")
    override suspend fun `runAsync`(`inputs`: List<Input>, `options`: RunOptions) : RunResult {
        return uniffiRustCallAsync(
        callWithHandle { uniffiHandle ->
            UniffiLib.uniffi_dunlin_uniffi_fn_method_session_run_async(
                uniffiHandle,

        FfiConverterSequenceTypeInput.lower(`inputs`),
        FfiConverterTypeRunOptions.lower(`options`),
            )
        },
        { future, callback, continuation -> UniffiLib.ffi_dunlin_uniffi_rust_future_poll_rust_buffer(future, callback, continuation) },
        { future, continuation -> UniffiLib.ffi_dunlin_uniffi_rust_future_complete_rust_buffer(future, continuation) },
        { future -> UniffiLib.ffi_dunlin_uniffi_rust_future_free_rust_buffer(future) },
        // lift function
        { FfiConverterTypeRunResult.lift(it) },
        // Error FFI converter
        DunlinException.ErrorHandler,
    )
    }


    /**
     * Sets a state by the name of its input.
     *
     * # Errors
     * Kind `not-found` if the model declares no such state, `dtype` for what is no tensor.
     */
    @Throws(DunlinException::class)override fun `setState`(`input`: kotlin.String, `value`: Value)
        =
    callWithHandle {
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_session_set_state(
        it,

        FfiConverterString.lower(`input`),
        FfiConverterTypeValue.lower(`value`),_status)
}
    }




    /**
     * A state by the name of its input; none before the first run.
     *
     * # Errors
     * Kind `not-found` if the model declares no such state.
     */
    @Throws(DunlinException::class)override fun `state`(`input`: kotlin.String): Value? {
            return FfiConverterOptionalTypeValue.lift(
    callWithHandle {
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_session_state(
        it,

        FfiConverterString.lower(`input`),_status)
}
    }
    )
    }









    /**
     * @suppress
     */
    companion object

}


/**
 * @suppress
 */
public object FfiConverterTypeSession: FfiConverter<Session, Long> {
    override fun lower(value: Session): Long {
        return value.uniffiCloneHandle()
    }

    override fun lift(value: Long): Session {
        return Session(UniffiWithHandle, value)
    }

    override fun read(buf: ByteBuffer): Session {
        return lift(buf.getLong())
    }

    override fun allocationSize(value: Session) = 8UL

    override fun write(value: Session, buf: ByteBuffer) {
        buf.putLong(lower(value))
    }
}


// This template implements a class for working with a Rust struct via a handle
// to the live Rust struct on the other side of the FFI.
//
// There's some subtlety here, because we have to be careful not to operate on a Rust
// struct after it has been dropped, and because we must expose a public API for freeing
// theq Kotlin wrapper object in lieu of reliable finalizers. The core requirements are:
//
//   * Each instance holds an opaque handle to the underlying Rust struct.
//     Method calls need to read this handle from the object's state and pass it in to
//     the Rust FFI.
//
//   * When an instance is no longer needed, its handle should be passed to a
//     special destructor function provided by the Rust FFI, which will drop the
//     underlying Rust struct.
//
//   * Given an instance, calling code is expected to call the special
//     `destroy` method in order to free it after use, either by calling it explicitly
//     or by using a higher-level helper like the `use` method. Failing to do so risks
//     leaking the underlying Rust struct.
//
//   * We can't assume that calling code will do the right thing, and must be prepared
//     to handle Kotlin method calls executing concurrently with or even after a call to
//     `destroy`, and to handle multiple (possibly concurrent!) calls to `destroy`.
//
//   * We must never allow Rust code to operate on the underlying Rust struct after
//     the destructor has been called, and must never call the destructor more than once.
//     Doing so may trigger memory unsafety.
//
//   * To mitigate many of the risks of leaking memory and use-after-free unsafety, a `Cleaner`
//     is implemented to call the destructor when the Kotlin object becomes unreachable.
//     This is done in a background thread. This is not a panacea, and client code should be aware that
//      1. the thread may starve if some there are objects that have poorly performing
//     `drop` methods or do significant work in their `drop` methods.
//      2. the thread is shared across the whole library. This can be tuned by using `android_cleaner = true`,
//         or `android = true` in the [`kotlin` section of the `uniffi.toml` file](https://mozilla.github.io/uniffi-rs/kotlin/configuration.html).
//
// If we try to implement this with mutual exclusion on access to the handle, there is the
// possibility of a race between a method call and a concurrent call to `destroy`:
//
//    * Thread A starts a method call, reads the value of the handle, but is interrupted
//      before it can pass the handle over the FFI to Rust.
//    * Thread B calls `destroy` and frees the underlying Rust struct.
//    * Thread A resumes, passing the already-read handle value to Rust and triggering
//      a use-after-free.
//
// One possible solution would be to use a `ReadWriteLock`, with each method call taking
// a read lock (and thus allowed to run concurrently) and the special `destroy` method
// taking a write lock (and thus blocking on live method calls). However, we aim not to
// generate methods with any hidden blocking semantics, and a `destroy` method that might
// block if called incorrectly seems to meet that bar.
//
// So, we achieve our goals by giving each instance an associated `AtomicLong` counter to track
// the number of in-flight method calls, and an `AtomicBoolean` flag to indicate whether `destroy`
// has been called. These are updated according to the following rules:
//
//    * The initial value of the counter is 1, indicating a live object with no in-flight calls.
//      The initial value for the flag is false.
//
//    * At the start of each method call, we atomically check the counter.
//      If it is 0 then the underlying Rust struct has already been destroyed and the call is aborted.
//      If it is nonzero them we atomically increment it by 1 and proceed with the method call.
//
//    * At the end of each method call, we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
//    * When `destroy` is called, we atomically flip the flag from false to true.
//      If the flag was already true we silently fail.
//      Otherwise we atomically decrement and check the counter.
//      If it has reached zero then we destroy the underlying Rust struct.
//
// Astute readers may observe that this all sounds very similar to the way that Rust's `Arc<T>` works,
// and indeed it is, with the addition of a flag to guard against multiple calls to `destroy`.
//
// The overall effect is that the underlying Rust struct is destroyed only when `destroy` has been
// called *and* all in-flight method calls have completed, avoiding violating any of the expectations
// of the underlying Rust code.
//
// This makes a cleaner a better alternative to _not_ calling `destroy()` as
// and when the object is finished with, but the abstraction is not perfect: if the Rust object's `drop`
// method is slow, and/or there are many objects to cleanup, and it's on a low end Android device, then the cleaner
// thread may be starved, and the app will leak memory.
//
// In this case, `destroy`ing manually may be a better solution.
//
// The cleaner can live side by side with the manual calling of `destroy`. In the order of responsiveness, uniffi objects
// with Rust peers are reclaimed:
//
// 1. By calling the `destroy` method of the object, which calls `rustObject.free()`. If that doesn't happen:
// 2. When the object becomes unreachable, AND the Cleaner thread gets to call `rustObject.free()`. If the thread is starved then:
// 3. The memory is reclaimed when the process terminates.
//
// [1] https://stackoverflow.com/questions/24376768/can-java-finalize-an-object-when-it-is-still-in-scope/24380219
//


/**
 * A value that goes into a run or comes out of one: a tensor, a sequence, a map, or an optional.
 *
 * Values do not change once they are made, so any thread may read one at any time. Element types go by the numbers of the ONNX
 * standard (`TensorProto.DataType`): 1 is float32, 7 is int64.
 */
public interface ValueInterface {

    /**
     * Where a tensor's elements lie, as long as the value is not freed; 0 if there are no bytes. They must not be written.
     */
    fun `address`(): kotlin.ULong

    /**
     * How many bytes a tensor's elements are; 0 for strings and what is no tensor.
     */
    fun `byteLen`(): kotlin.ULong

    /**
     * The values of a sequence or a map, or the one of an optional; none for a tensor.
     */
    fun `elements`(): List<Value>

    /**
     * All that is to be known of it but its contents.
     */
    fun `info`(): ValueInfo

    /**
     * The keys of a map: a tensor of rank 1.
     *
     * # Errors
     * Kind `dtype` if it is no map.
     */
    fun `keys`(): Value

    /**
     * The strings of a tensor of strings, in row-major order.
     *
     * # Errors
     * Kind `dtype` if it is anything else.
     */
    fun `texts`(): List<kotlin.String>

    companion object
}

/**
 * A value that goes into a run or comes out of one: a tensor, a sequence, a map, or an optional.
 *
 * Values do not change once they are made, so any thread may read one at any time. Element types go by the numbers of the ONNX
 * standard (`TensorProto.DataType`): 1 is float32, 7 is int64.
 */
open class Value: Disposable, AutoCloseable, ValueInterface
{

    @Suppress("UNUSED_PARAMETER")
    /**
     * @suppress
     */
    constructor(withHandle: UniffiWithHandle, handle: Long) {
        this.handle = handle
        this.cleanable = UniffiLib.CLEANER.register(this, UniffiCleanAction(handle))
    }

    /**
     * @suppress
     *
     * This constructor can be used to instantiate a fake object. Only used for tests. Any
     * attempt to actually use an object constructed this way will fail as there is no
     * connected Rust object.
     */
    @Suppress("UNUSED_PARAMETER")
    constructor(noHandle: NoHandle) {
        this.handle = 0
        this.cleanable = null
    }

    protected val handle: Long
    protected val cleanable: UniffiCleaner.Cleanable?

    private val wasDestroyed = AtomicBoolean(false)
    private val callCounter = AtomicLong(1)

    /**
     * Whether the current object has been destroyed and its reference is gone in the Rust side.
     */
    val uniffiIsDestroyed: Boolean get() = wasDestroyed.get()

    override fun destroy() {
        // Only allow a single call to this method.
        // TODO: maybe we should log a warning if called more than once?
        if (this.wasDestroyed.compareAndSet(false, true)) {
            // This decrement always matches the initial count of 1 given at creation time.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    @Synchronized
    override fun close() {
        this.destroy()
    }

    internal inline fun <R> callWithHandle(block: (handle: Long) -> R): R {
        // Check and increment the call counter, to keep the object alive.
        // This needs a compare-and-set retry loop in case of concurrent updates.
        do {
            val c = this.callCounter.get()
            if (c == 0L) {
                throw IllegalStateException("${this.javaClass.simpleName} object has already been destroyed")
            }
            if (c == Long.MAX_VALUE) {
                throw IllegalStateException("${this.javaClass.simpleName} call counter would overflow")
            }
        } while (! this.callCounter.compareAndSet(c, c + 1L))
        // Now we can safely do the method call without the handle being freed concurrently.
        try {
            return block(this.uniffiCloneHandle())
        } finally {
            // This decrement always matches the increment we performed above.
            if (this.callCounter.decrementAndGet() == 0L) {
                cleanable?.clean()
            }
        }
    }

    // Use a static inner class instead of a closure so as not to accidentally
    // capture `this` as part of the cleanable's action.
    private class UniffiCleanAction(private val handle: Long) : Runnable {
        override fun run() {
            if (handle == 0.toLong()) {
                // Fake object created with `NoHandle`, don't try to free.
                return;
            }
            uniffiRustCall { status ->
                UniffiLib.uniffi_dunlin_uniffi_fn_free_value(handle, status)
            }
        }
    }

    /**
     * @suppress
     */
    fun uniffiCloneHandle(): Long {
        if (handle == 0.toLong()) {
            throw InternalException("uniffiCloneHandle() called on NoHandle object");
        }
        return uniffiRustCall() { status ->
            UniffiLib.uniffi_dunlin_uniffi_fn_clone_value(handle, status)
        }
    }


    /**
     * Where a tensor's elements lie, as long as the value is not freed; 0 if there are no bytes. They must not be written.
     */override fun `address`(): kotlin.ULong {
            return FfiConverterULong.lift(
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_value_address(
        it,
        _status)
}
    }
    )
    }



    /**
     * How many bytes a tensor's elements are; 0 for strings and what is no tensor.
     */override fun `byteLen`(): kotlin.ULong {
            return FfiConverterULong.lift(
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_value_byte_len(
        it,
        _status)
}
    }
    )
    }



    /**
     * The values of a sequence or a map, or the one of an optional; none for a tensor.
     */override fun `elements`(): List<Value> {
            return FfiConverterSequenceTypeValue.lift(
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_value_elements(
        it,
        _status)
}
    }
    )
    }



    /**
     * All that is to be known of it but its contents.
     */override fun `info`(): ValueInfo {
            return FfiConverterTypeValueInfo.lift(
    callWithHandle {
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_value_info(
        it,
        _status)
}
    }
    )
    }



    /**
     * The keys of a map: a tensor of rank 1.
     *
     * # Errors
     * Kind `dtype` if it is no map.
     */
    @Throws(DunlinException::class)override fun `keys`(): Value {
            return FfiConverterTypeValue.lift(
    callWithHandle {
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_value_keys(
        it,
        _status)
}
    }
    )
    }



    /**
     * The strings of a tensor of strings, in row-major order.
     *
     * # Errors
     * Kind `dtype` if it is anything else.
     */
    @Throws(DunlinException::class)override fun `texts`(): List<kotlin.String> {
            return FfiConverterSequenceString.lift(
    callWithHandle {
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_method_value_texts(
        it,
        _status)
}
    }
    )
    }








    companion object {

    /**
     * A map of `keys` (a tensor of rank 1: integers or strings) to as many values.
     *
     * # Errors
     * Kind `dtype` if `keys` is no tensor, `shape` if the numbers differ.
     */
    @Throws(DunlinException::class) fun `map`(`keys`: Value, `values`: List<Value>): Value {
            return FfiConverterTypeValue.lift(
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_constructor_value_map(


        FfiConverterTypeValue.lower(`keys`),
        FfiConverterSequenceTypeValue.lower(`values`),_status)
}
    )
    }



    /**
     * An optional of a value, or of nothing.
     */ fun `optional`(`value`: Value?): Value {
            return FfiConverterTypeValue.lift(
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_constructor_value_optional(


        FfiConverterOptionalTypeValue.lower(`value`),_status)
}
    )
    }



    /**
     * A sequence.
     */ fun `sequence`(`values`: List<Value>): Value {
            return FfiConverterTypeValue.lift(
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_constructor_value_sequence(


        FfiConverterSequenceTypeValue.lower(`values`),_status)
}
    )
    }



    /**
     * A tensor of strings, in row-major order.
     *
     * # Errors
     * Kind `shape` if the shape needs another number of strings.
     */
    @Throws(DunlinException::class) fun `strings`(`shape`: List<kotlin.Long>, `strings`: List<kotlin.String>): Value {
            return FfiConverterTypeValue.lift(
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_constructor_value_strings(


        FfiConverterSequenceLong.lower(`shape`),
        FfiConverterSequenceString.lower(`strings`),_status)
}
    )
    }



    /**
     * A tensor of a copy of `bytes`: the elements in row-major order, little-endian, those of less than 8 bits packed with the first in
     * the low bits.
     *
     * # Errors
     * As [`blank_tensor`]; kind `shape` too if the shape needs another number of bytes.
     */
    @Throws(DunlinException::class) fun `tensor`(`dtype`: kotlin.Int, `shape`: List<kotlin.Long>, `bytes`: java.nio.ByteBuffer): Value {
            return FfiConverterTypeValue.lift(
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_constructor_value_tensor(


        FfiConverterInt.lower(`dtype`),
        FfiConverterSequenceLong.lower(`shape`),
        FfiConverterByRefBytes.lower(`bytes`),_status)
}
    )
    }



    }

}


/**
 * @suppress
 */
public object FfiConverterTypeValue: FfiConverter<Value, Long> {
    override fun lower(value: Value): Long {
        return value.uniffiCloneHandle()
    }

    override fun lift(value: Long): Value {
        return Value(UniffiWithHandle, value)
    }

    override fun read(buf: ByteBuffer): Value {
        return lift(buf.getLong())
    }

    override fun allocationSize(value: Value) = 8UL

    override fun write(value: Value, buf: ByteBuffer) {
        buf.putLong(lower(value))
    }
}



/**
 * A tensor of zeros that the host fills.
 */
data class BlankTensor (
    /**
     * The tensor.
     */
    val `value`: Value
    ,
    /**
     * Where its elements lie. The host writes there before it gives the value to anything else, and never after.
     */
    val `address`: kotlin.ULong
    ,
    /**
     * How many bytes they are.
     */
    val `byteLen`: kotlin.ULong

): Disposable{





    @Suppress("UNNECESSARY_SAFE_CALL") // codegen is much simpler if we unconditionally emit safe calls here
    override fun destroy() {

    Disposable.destroy(
        this.`value`,
        this.`address`,
        this.`byteLen`
    )
    }

    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeBlankTensor: FfiConverterRustBuffer<BlankTensor> {
    override fun read(buf: ByteBuffer): BlankTensor {
        return BlankTensor(
            FfiConverterTypeValue.read(buf),
            FfiConverterULong.read(buf),
            FfiConverterULong.read(buf),
        )
    }

    override fun allocationSize(value: BlankTensor) = (
            FfiConverterTypeValue.allocationSize(value.`value`) +
            FfiConverterULong.allocationSize(value.`address`) +
            FfiConverterULong.allocationSize(value.`byteLen`)
    )

    override fun write(value: BlankTensor, buf: ByteBuffer) {
            FfiConverterTypeValue.write(value.`value`, buf)
            FfiConverterULong.write(value.`address`, buf)
            FfiConverterULong.write(value.`byteLen`, buf)
    }
}



/**
 * The contents of a file that a model keeps weights in.
 */
data class External (
    /**
     * The name that the model calls it by.
     */
    val `name`: kotlin.String
    ,
    /**
     * The contents: a tensor, whose bytes are used and not copied.
     */
    val `bytes`: Value

): Disposable{





    @Suppress("UNNECESSARY_SAFE_CALL") // codegen is much simpler if we unconditionally emit safe calls here
    override fun destroy() {

    Disposable.destroy(
        this.`name`,
        this.`bytes`
    )
    }

    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeExternal: FfiConverterRustBuffer<External> {
    override fun read(buf: ByteBuffer): External {
        return External(
            FfiConverterString.read(buf),
            FfiConverterTypeValue.read(buf),
        )
    }

    override fun allocationSize(value: External) = (
            FfiConverterString.allocationSize(value.`name`) +
            FfiConverterTypeValue.allocationSize(value.`bytes`)
    )

    override fun write(value: External, buf: ByteBuffer) {
            FfiConverterString.write(value.`name`, buf)
            FfiConverterTypeValue.write(value.`bytes`, buf)
    }
}



/**
 * An input of a run: by its name, or in the place that follows from the number of those before it.
 */
data class Input (
    /**
     * Its name in the model.
     */
    val `name`: kotlin.String?
    ,
    /**
     * What goes in. It stays the host's, and is not copied.
     */
    val `value`: Value

): Disposable{





    @Suppress("UNNECESSARY_SAFE_CALL") // codegen is much simpler if we unconditionally emit safe calls here
    override fun destroy() {

    Disposable.destroy(
        this.`name`,
        this.`value`
    )
    }

    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeInput: FfiConverterRustBuffer<Input> {
    override fun read(buf: ByteBuffer): Input {
        return Input(
            FfiConverterOptionalString.read(buf),
            FfiConverterTypeValue.read(buf),
        )
    }

    override fun allocationSize(value: Input) = (
            FfiConverterOptionalString.allocationSize(value.`name`) +
            FfiConverterTypeValue.allocationSize(value.`value`)
    )

    override fun write(value: Input, buf: ByteBuffer) {
            FfiConverterOptionalString.write(value.`name`, buf)
            FfiConverterTypeValue.write(value.`value`, buf)
    }
}



/**
 * A bound on what loading and running may use.
 */
data class Limit (
    /**
     * What it is of.
     */
    val `of`: LimitOf
    ,
    /**
     * The most there may be.
     */
    val `most`: kotlin.ULong

){





    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeLimit: FfiConverterRustBuffer<Limit> {
    override fun read(buf: ByteBuffer): Limit {
        return Limit(
            FfiConverterTypeLimitOf.read(buf),
            FfiConverterULong.read(buf),
        )
    }

    override fun allocationSize(value: Limit) = (
            FfiConverterTypeLimitOf.allocationSize(value.`of`) +
            FfiConverterULong.allocationSize(value.`most`)
    )

    override fun write(value: Limit, buf: ByteBuffer) {
            FfiConverterTypeLimitOf.write(value.`of`, buf)
            FfiConverterULong.write(value.`most`, buf)
    }
}



/**
 * Choices for loading a model. Each is at its default if it is left out.
 */
data class LoadOptions (
    /**
     * Threads of the model's own pool, the callers of runs included; 0 for as many as the process may use.
     */
    val `threads`: kotlin.UInt = 0u
    ,
    /**
     * A pool that other models use too, in place of an own one.
     */
    val `pool`: Pool? = null
    ,
    /**
     * The device to run on: `cpu` if not told. See [`crate::devices`].
     */
    val `device`: kotlin.String? = null
    ,
    /**
     * What happens to nodes that the device cannot run; they are reported if not told.
     */
    val `fallback`: Fallback? = null
    ,
    /**
     * Whether the model's files are copied into memory rather than mapped. A mapped file must not be shortened by another program
     * while the model lives: reading beyond its end then ends the process.
     */
    val `copyFiles`: kotlin.Boolean = false
    ,
    /**
     * What loading and running may use at most, where it is to be other than the defaults.
     */
    val `limits`: List<Limit> = listOf()
    ,
    /**
     * Passes of the optimiser that are switched off, by name.
     */
    val `disabledPasses`: List<kotlin.String> = listOf()
    ,
    /**
     * States: after each run of a session, an output becomes the next run's input.
     */
    val `states`: List<State> = listOf()
    ,
    /**
     * For how many sets of input shapes the model remembers the results of shape arithmetic; 16 if not told.
     */
    val `maxCachedShapes`: kotlin.UInt? = null
    ,
    /**
     * Ends loading early.
     */
    val `cancel`: Cancel? = null
    ,
    /**
     * How many milliseconds the load may take; 0 for any number.
     */
    val `timeoutMs`: kotlin.ULong = 0uL
    ,
    /**
     * Is told how far loading has come.
     */
    val `progress`: Progress? = null
    ,
    /**
     * Is given lines about the load.
     */
    val `log`: Log? = null
    ,
    /**
     * Which lines those are: of this level and what matters more; warnings if not told.
     */
    val `logLevel`: LogLevel? = null
    ,
    /**
     * Contents of files that the model keeps weights in, for models that have no folder. Where one is given, no folder is looked into.
     */
    val `externals`: List<External> = listOf()

): Disposable{





    @Suppress("UNNECESSARY_SAFE_CALL") // codegen is much simpler if we unconditionally emit safe calls here
    override fun destroy() {

    Disposable.destroy(
        this.`threads`,
        this.`pool`,
        this.`device`,
        this.`fallback`,
        this.`copyFiles`,
        this.`limits`,
        this.`disabledPasses`,
        this.`states`,
        this.`maxCachedShapes`,
        this.`cancel`,
        this.`timeoutMs`,
        this.`progress`,
        this.`log`,
        this.`logLevel`,
        this.`externals`
    )
    }

    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeLoadOptions: FfiConverterRustBuffer<LoadOptions> {
    override fun read(buf: ByteBuffer): LoadOptions {
        return LoadOptions(
            FfiConverterUInt.read(buf),
            FfiConverterOptionalTypePool.read(buf),
            FfiConverterOptionalString.read(buf),
            FfiConverterOptionalTypeFallback.read(buf),
            FfiConverterBoolean.read(buf),
            FfiConverterSequenceTypeLimit.read(buf),
            FfiConverterSequenceString.read(buf),
            FfiConverterSequenceTypeState.read(buf),
            FfiConverterOptionalUInt.read(buf),
            FfiConverterOptionalTypeCancel.read(buf),
            FfiConverterULong.read(buf),
            FfiConverterOptionalTypeProgress.read(buf),
            FfiConverterOptionalTypeLog.read(buf),
            FfiConverterOptionalTypeLogLevel.read(buf),
            FfiConverterSequenceTypeExternal.read(buf),
        )
    }

    override fun allocationSize(value: LoadOptions) = (
            FfiConverterUInt.allocationSize(value.`threads`) +
            FfiConverterOptionalTypePool.allocationSize(value.`pool`) +
            FfiConverterOptionalString.allocationSize(value.`device`) +
            FfiConverterOptionalTypeFallback.allocationSize(value.`fallback`) +
            FfiConverterBoolean.allocationSize(value.`copyFiles`) +
            FfiConverterSequenceTypeLimit.allocationSize(value.`limits`) +
            FfiConverterSequenceString.allocationSize(value.`disabledPasses`) +
            FfiConverterSequenceTypeState.allocationSize(value.`states`) +
            FfiConverterOptionalUInt.allocationSize(value.`maxCachedShapes`) +
            FfiConverterOptionalTypeCancel.allocationSize(value.`cancel`) +
            FfiConverterULong.allocationSize(value.`timeoutMs`) +
            FfiConverterOptionalTypeProgress.allocationSize(value.`progress`) +
            FfiConverterOptionalTypeLog.allocationSize(value.`log`) +
            FfiConverterOptionalTypeLogLevel.allocationSize(value.`logLevel`) +
            FfiConverterSequenceTypeExternal.allocationSize(value.`externals`)
    )

    override fun write(value: LoadOptions, buf: ByteBuffer) {
            FfiConverterUInt.write(value.`threads`, buf)
            FfiConverterOptionalTypePool.write(value.`pool`, buf)
            FfiConverterOptionalString.write(value.`device`, buf)
            FfiConverterOptionalTypeFallback.write(value.`fallback`, buf)
            FfiConverterBoolean.write(value.`copyFiles`, buf)
            FfiConverterSequenceTypeLimit.write(value.`limits`, buf)
            FfiConverterSequenceString.write(value.`disabledPasses`, buf)
            FfiConverterSequenceTypeState.write(value.`states`, buf)
            FfiConverterOptionalUInt.write(value.`maxCachedShapes`, buf)
            FfiConverterOptionalTypeCancel.write(value.`cancel`, buf)
            FfiConverterULong.write(value.`timeoutMs`, buf)
            FfiConverterOptionalTypeProgress.write(value.`progress`, buf)
            FfiConverterOptionalTypeLog.write(value.`log`, buf)
            FfiConverterOptionalTypeLogLevel.write(value.`logLevel`, buf)
            FfiConverterSequenceTypeExternal.write(value.`externals`, buf)
    }
}



/**
 * How much memory a run will take.
 */
data class MemoryNeed (
    /**
     * Peak bytes of tensors, weights not counted.
     */
    val `bytes`: kotlin.ULong
    ,
    /**
     * Whether that is all; if not, some shapes depend on the inputs' contents, and it is at least so many.
     */
    val `isExact`: kotlin.Boolean

){





    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeMemoryNeed: FfiConverterRustBuffer<MemoryNeed> {
    override fun read(buf: ByteBuffer): MemoryNeed {
        return MemoryNeed(
            FfiConverterULong.read(buf),
            FfiConverterBoolean.read(buf),
        )
    }

    override fun allocationSize(value: MemoryNeed) = (
            FfiConverterULong.allocationSize(value.`bytes`) +
            FfiConverterBoolean.allocationSize(value.`isExact`)
    )

    override fun write(value: MemoryNeed, buf: ByteBuffer) {
            FfiConverterULong.write(value.`bytes`, buf)
            FfiConverterBoolean.write(value.`isExact`, buf)
    }
}



/**
 * A key and a value that a model's maker attached.
 */
data class Metadata (
    /**
     * The key.
     */
    val `key`: kotlin.String
    ,
    /**
     * The value.
     */
    val `value`: kotlin.String

){





    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeMetadata: FfiConverterRustBuffer<Metadata> {
    override fun read(buf: ByteBuffer): Metadata {
        return Metadata(
            FfiConverterString.read(buf),
            FfiConverterString.read(buf),
        )
    }

    override fun allocationSize(value: Metadata) = (
            FfiConverterString.allocationSize(value.`key`) +
            FfiConverterString.allocationSize(value.`value`)
    )

    override fun write(value: Metadata, buf: ByteBuffer) {
            FfiConverterString.write(value.`key`, buf)
            FfiConverterString.write(value.`value`, buf)
    }
}



/**
 * What a model is.
 */
data class ModelInfo (
    /**
     * What it takes, in order.
     */
    val `inputs`: List<Port>
    ,
    /**
     * What it gives, in order.
     */
    val `outputs`: List<Port>
    ,
    /**
     * The version of the file format.
     */
    val `irVersion`: kotlin.Long
    ,
    /**
     * The model's own version.
     */
    val `modelVersion`: kotlin.Long
    ,
    /**
     * The program that wrote the file, and its version.
     */
    val `producer`: kotlin.String
    ,
    /**
     * Free text.
     */
    val `description`: kotlin.String
    ,
    /**
     * The sets of operators that it uses.
     */
    val `opsets`: List<Opset>
    ,
    /**
     * Keys and values that its maker attached.
     */
    val `metadata`: List<Metadata>

){





    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeModelInfo: FfiConverterRustBuffer<ModelInfo> {
    override fun read(buf: ByteBuffer): ModelInfo {
        return ModelInfo(
            FfiConverterSequenceTypePort.read(buf),
            FfiConverterSequenceTypePort.read(buf),
            FfiConverterLong.read(buf),
            FfiConverterLong.read(buf),
            FfiConverterString.read(buf),
            FfiConverterString.read(buf),
            FfiConverterSequenceTypeOpset.read(buf),
            FfiConverterSequenceTypeMetadata.read(buf),
        )
    }

    override fun allocationSize(value: ModelInfo) = (
            FfiConverterSequenceTypePort.allocationSize(value.`inputs`) +
            FfiConverterSequenceTypePort.allocationSize(value.`outputs`) +
            FfiConverterLong.allocationSize(value.`irVersion`) +
            FfiConverterLong.allocationSize(value.`modelVersion`) +
            FfiConverterString.allocationSize(value.`producer`) +
            FfiConverterString.allocationSize(value.`description`) +
            FfiConverterSequenceTypeOpset.allocationSize(value.`opsets`) +
            FfiConverterSequenceTypeMetadata.allocationSize(value.`metadata`)
    )

    override fun write(value: ModelInfo, buf: ByteBuffer) {
            FfiConverterSequenceTypePort.write(value.`inputs`, buf)
            FfiConverterSequenceTypePort.write(value.`outputs`, buf)
            FfiConverterLong.write(value.`irVersion`, buf)
            FfiConverterLong.write(value.`modelVersion`, buf)
            FfiConverterString.write(value.`producer`, buf)
            FfiConverterString.write(value.`description`, buf)
            FfiConverterSequenceTypeOpset.write(value.`opsets`, buf)
            FfiConverterSequenceTypeMetadata.write(value.`metadata`, buf)
    }
}



/**
 * Where a model's nodes run.
 */
data class ModelReport (
    /**
     * Each node of the optimised graph, in the order in which they run.
     */
    val `nodes`: List<Placement>
    ,
    /**
     * The optimiser's passes that changed something, in order.
     */
    val `passes`: List<kotlin.String>
    ,
    /**
     * Bytes of weights in packed layouts.
     */
    val `packedBytes`: kotlin.ULong
    ,
    /**
     * Bytes of constants that are kept as they are.
     */
    val `constantBytes`: kotlin.ULong
    ,
    /**
     * All of it as JSON.
     */
    val `json`: kotlin.String

){





    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeModelReport: FfiConverterRustBuffer<ModelReport> {
    override fun read(buf: ByteBuffer): ModelReport {
        return ModelReport(
            FfiConverterSequenceTypePlacement.read(buf),
            FfiConverterSequenceString.read(buf),
            FfiConverterULong.read(buf),
            FfiConverterULong.read(buf),
            FfiConverterString.read(buf),
        )
    }

    override fun allocationSize(value: ModelReport) = (
            FfiConverterSequenceTypePlacement.allocationSize(value.`nodes`) +
            FfiConverterSequenceString.allocationSize(value.`passes`) +
            FfiConverterULong.allocationSize(value.`packedBytes`) +
            FfiConverterULong.allocationSize(value.`constantBytes`) +
            FfiConverterString.allocationSize(value.`json`)
    )

    override fun write(value: ModelReport, buf: ByteBuffer) {
            FfiConverterSequenceTypePlacement.write(value.`nodes`, buf)
            FfiConverterSequenceString.write(value.`passes`, buf)
            FfiConverterULong.write(value.`packedBytes`, buf)
            FfiConverterULong.write(value.`constantBytes`, buf)
            FfiConverterString.write(value.`json`, buf)
    }
}



/**
 * What one node spent.
 */
data class NodeReport (
    /**
     * The node's name in the model; its operator's if it has none.
     */
    val `node`: kotlin.String
    ,
    /**
     * The operator.
     */
    val `op`: kotlin.String
    ,
    /**
     * The backend that computed it.
     */
    val `backend`: kotlin.String
    ,
    /**
     * The element type of its first output by its number in the standard; 0 if that is no tensor.
     */
    val `dtype`: kotlin.Int
    ,
    /**
     * How long it took.
     */
    val `nanoseconds`: kotlin.ULong
    ,
    /**
     * Bytes of its outputs.
     */
    val `outputBytes`: kotlin.ULong
    ,
    /**
     * How deeply it is nested in control flow; 0 for the main graph.
     */
    val `depth`: kotlin.UInt
    ,
    /**
     * Why it did not run on the device that was asked for, if it did not.
     */
    val `fallback`: kotlin.String?

){





    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeNodeReport: FfiConverterRustBuffer<NodeReport> {
    override fun read(buf: ByteBuffer): NodeReport {
        return NodeReport(
            FfiConverterString.read(buf),
            FfiConverterString.read(buf),
            FfiConverterString.read(buf),
            FfiConverterInt.read(buf),
            FfiConverterULong.read(buf),
            FfiConverterULong.read(buf),
            FfiConverterUInt.read(buf),
            FfiConverterOptionalString.read(buf),
        )
    }

    override fun allocationSize(value: NodeReport) = (
            FfiConverterString.allocationSize(value.`node`) +
            FfiConverterString.allocationSize(value.`op`) +
            FfiConverterString.allocationSize(value.`backend`) +
            FfiConverterInt.allocationSize(value.`dtype`) +
            FfiConverterULong.allocationSize(value.`nanoseconds`) +
            FfiConverterULong.allocationSize(value.`outputBytes`) +
            FfiConverterUInt.allocationSize(value.`depth`) +
            FfiConverterOptionalString.allocationSize(value.`fallback`)
    )

    override fun write(value: NodeReport, buf: ByteBuffer) {
            FfiConverterString.write(value.`node`, buf)
            FfiConverterString.write(value.`op`, buf)
            FfiConverterString.write(value.`backend`, buf)
            FfiConverterInt.write(value.`dtype`, buf)
            FfiConverterULong.write(value.`nanoseconds`, buf)
            FfiConverterULong.write(value.`outputBytes`, buf)
            FfiConverterUInt.write(value.`depth`, buf)
            FfiConverterOptionalString.write(value.`fallback`, buf)
    }
}



/**
 * A set of operators.
 */
data class Opset (
    /**
     * Its domain; the main one is called `ai.onnx`.
     */
    val `domain`: kotlin.String
    ,
    /**
     * Its version.
     */
    val `version`: kotlin.Long

){





    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeOpset: FfiConverterRustBuffer<Opset> {
    override fun read(buf: ByteBuffer): Opset {
        return Opset(
            FfiConverterString.read(buf),
            FfiConverterLong.read(buf),
        )
    }

    override fun allocationSize(value: Opset) = (
            FfiConverterString.allocationSize(value.`domain`) +
            FfiConverterLong.allocationSize(value.`version`)
    )

    override fun write(value: Opset, buf: ByteBuffer) {
            FfiConverterString.write(value.`domain`, buf)
            FfiConverterLong.write(value.`version`, buf)
    }
}



/**
 * An output of a run.
 */
data class Output (
    /**
     * The value.
     */
    val `value`: Value
    ,
    /**
     * What is to be known of it, so that nobody has to ask.
     */
    val `info`: ValueInfo

): Disposable{





    @Suppress("UNNECESSARY_SAFE_CALL") // codegen is much simpler if we unconditionally emit safe calls here
    override fun destroy() {

    Disposable.destroy(
        this.`value`,
        this.`info`
    )
    }

    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeOutput: FfiConverterRustBuffer<Output> {
    override fun read(buf: ByteBuffer): Output {
        return Output(
            FfiConverterTypeValue.read(buf),
            FfiConverterTypeValueInfo.read(buf),
        )
    }

    override fun allocationSize(value: Output) = (
            FfiConverterTypeValue.allocationSize(value.`value`) +
            FfiConverterTypeValueInfo.allocationSize(value.`info`)
    )

    override fun write(value: Output, buf: ByteBuffer) {
            FfiConverterTypeValue.write(value.`value`, buf)
            FfiConverterTypeValueInfo.write(value.`info`, buf)
    }
}



/**
 * Where one node runs.
 */
data class Placement (
    /**
     * The node's name in the model; its operator's if it has none.
     */
    val `node`: kotlin.String
    ,
    /**
     * The operator.
     */
    val `op`: kotlin.String
    ,
    /**
     * The backend that computes it.
     */
    val `backend`: kotlin.String
    ,
    /**
     * Why it does not run on the device that was asked for, if it does not.
     */
    val `fallback`: kotlin.String?

){





    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypePlacement: FfiConverterRustBuffer<Placement> {
    override fun read(buf: ByteBuffer): Placement {
        return Placement(
            FfiConverterString.read(buf),
            FfiConverterString.read(buf),
            FfiConverterString.read(buf),
            FfiConverterOptionalString.read(buf),
        )
    }

    override fun allocationSize(value: Placement) = (
            FfiConverterString.allocationSize(value.`node`) +
            FfiConverterString.allocationSize(value.`op`) +
            FfiConverterString.allocationSize(value.`backend`) +
            FfiConverterOptionalString.allocationSize(value.`fallback`)
    )

    override fun write(value: Placement, buf: ByteBuffer) {
            FfiConverterString.write(value.`node`, buf)
            FfiConverterString.write(value.`op`, buf)
            FfiConverterString.write(value.`backend`, buf)
            FfiConverterOptionalString.write(value.`fallback`, buf)
    }
}



/**
 * An input or output of a model.
 */
data class Port (
    /**
     * Its name.
     */
    val `name`: kotlin.String
    ,
    /**
     * Its type as text, such as `float32[n, 3, 224, 224]`.
     */
    val `typeText`: kotlin.String
    ,
    /**
     * The element type by its number in the standard; 0 if it is no tensor or open.
     */
    val `dtype`: kotlin.Int
    ,
    /**
     * The sizes, -1 where one is open; none if even the rank is open, or it is no tensor.
     */
    val `dims`: List<kotlin.Long>?
    ,
    /**
     * Whether an input may be left out.
     */
    val `isOptional`: kotlin.Boolean

){





    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypePort: FfiConverterRustBuffer<Port> {
    override fun read(buf: ByteBuffer): Port {
        return Port(
            FfiConverterString.read(buf),
            FfiConverterString.read(buf),
            FfiConverterInt.read(buf),
            FfiConverterOptionalSequenceLong.read(buf),
            FfiConverterBoolean.read(buf),
        )
    }

    override fun allocationSize(value: Port) = (
            FfiConverterString.allocationSize(value.`name`) +
            FfiConverterString.allocationSize(value.`typeText`) +
            FfiConverterInt.allocationSize(value.`dtype`) +
            FfiConverterOptionalSequenceLong.allocationSize(value.`dims`) +
            FfiConverterBoolean.allocationSize(value.`isOptional`)
    )

    override fun write(value: Port, buf: ByteBuffer) {
            FfiConverterString.write(value.`name`, buf)
            FfiConverterString.write(value.`typeText`, buf)
            FfiConverterInt.write(value.`dtype`, buf)
            FfiConverterOptionalSequenceLong.write(value.`dims`, buf)
            FfiConverterBoolean.write(value.`isOptional`, buf)
    }
}



/**
 * Choices for one run. Each is at its default if it is left out.
 */
data class RunOptions (
    /**
     * Ends the run early.
     */
    val `cancel`: Cancel? = null
    ,
    /**
     * How many milliseconds the run may take; 0 for any number.
     */
    val `timeoutMs`: kotlin.ULong = 0uL
    ,
    /**
     * Of the graph's random numbers, where it draws any.
     */
    val `seed`: kotlin.ULong = 0uL
    ,
    /**
     * Whether to record each node's time.
     */
    val `report`: kotlin.Boolean = false

): Disposable{





    @Suppress("UNNECESSARY_SAFE_CALL") // codegen is much simpler if we unconditionally emit safe calls here
    override fun destroy() {

    Disposable.destroy(
        this.`cancel`,
        this.`timeoutMs`,
        this.`seed`,
        this.`report`
    )
    }

    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeRunOptions: FfiConverterRustBuffer<RunOptions> {
    override fun read(buf: ByteBuffer): RunOptions {
        return RunOptions(
            FfiConverterOptionalTypeCancel.read(buf),
            FfiConverterULong.read(buf),
            FfiConverterULong.read(buf),
            FfiConverterBoolean.read(buf),
        )
    }

    override fun allocationSize(value: RunOptions) = (
            FfiConverterOptionalTypeCancel.allocationSize(value.`cancel`) +
            FfiConverterULong.allocationSize(value.`timeoutMs`) +
            FfiConverterULong.allocationSize(value.`seed`) +
            FfiConverterBoolean.allocationSize(value.`report`)
    )

    override fun write(value: RunOptions, buf: ByteBuffer) {
            FfiConverterOptionalTypeCancel.write(value.`cancel`, buf)
            FfiConverterULong.write(value.`timeoutMs`, buf)
            FfiConverterULong.write(value.`seed`, buf)
            FfiConverterBoolean.write(value.`report`, buf)
    }
}



/**
 * What a run gives.
 */
data class RunResult (
    /**
     * The outputs, in the model's order.
     */
    val `outputs`: List<Output>
    ,
    /**
     * What the run spent, if that was asked for.
     */
    val `report`: RunReport?

): Disposable{





    @Suppress("UNNECESSARY_SAFE_CALL") // codegen is much simpler if we unconditionally emit safe calls here
    override fun destroy() {

    Disposable.destroy(
        this.`outputs`,
        this.`report`
    )
    }

    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeRunResult: FfiConverterRustBuffer<RunResult> {
    override fun read(buf: ByteBuffer): RunResult {
        return RunResult(
            FfiConverterSequenceTypeOutput.read(buf),
            FfiConverterOptionalTypeRunReport.read(buf),
        )
    }

    override fun allocationSize(value: RunResult) = (
            FfiConverterSequenceTypeOutput.allocationSize(value.`outputs`) +
            FfiConverterOptionalTypeRunReport.allocationSize(value.`report`)
    )

    override fun write(value: RunResult, buf: ByteBuffer) {
            FfiConverterSequenceTypeOutput.write(value.`outputs`, buf)
            FfiConverterOptionalTypeRunReport.write(value.`report`, buf)
    }
}



/**
 * What one run spent in all.
 */
data class RunSummary (
    /**
     * The whole run.
     */
    val `nanoseconds`: kotlin.ULong
    ,
    /**
     * The most bytes of tensors that were held at a time.
     */
    val `peakBytes`: kotlin.ULong
    ,
    /**
     * How many nodes did not run, since their results follow from input shapes that have been seen before.
     */
    val `nSpared`: kotlin.ULong

){





    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeRunSummary: FfiConverterRustBuffer<RunSummary> {
    override fun read(buf: ByteBuffer): RunSummary {
        return RunSummary(
            FfiConverterULong.read(buf),
            FfiConverterULong.read(buf),
            FfiConverterULong.read(buf),
        )
    }

    override fun allocationSize(value: RunSummary) = (
            FfiConverterULong.allocationSize(value.`nanoseconds`) +
            FfiConverterULong.allocationSize(value.`peakBytes`) +
            FfiConverterULong.allocationSize(value.`nSpared`)
    )

    override fun write(value: RunSummary, buf: ByteBuffer) {
            FfiConverterULong.write(value.`nanoseconds`, buf)
            FfiConverterULong.write(value.`peakBytes`, buf)
            FfiConverterULong.write(value.`nSpared`, buf)
    }
}



/**
 * A state of a model.
 */
data class State (
    /**
     * The input, by name.
     */
    val `input`: kotlin.String
    ,
    /**
     * The output that becomes the next run's input, by name.
     */
    val `output`: kotlin.String

){





    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeState: FfiConverterRustBuffer<State> {
    override fun read(buf: ByteBuffer): State {
        return State(
            FfiConverterString.read(buf),
            FfiConverterString.read(buf),
        )
    }

    override fun allocationSize(value: State) = (
            FfiConverterString.allocationSize(value.`input`) +
            FfiConverterString.allocationSize(value.`output`)
    )

    override fun write(value: State, buf: ByteBuffer) {
            FfiConverterString.write(value.`input`, buf)
            FfiConverterString.write(value.`output`, buf)
    }
}



/**
 * All that is to be known of a value but its contents.
 */
data class ValueInfo (
    /**
     * What it is.
     */
    val `kind`: ValueKind
    ,
    /**
     * The element type by its number in the standard; 0 if it is no tensor.
     */
    val `dtype`: kotlin.Int
    ,
    /**
     * The sizes; empty if it is no tensor.
     */
    val `shape`: List<kotlin.Long>
    ,
    /**
     * Where the elements lie, as long as the value is not freed; 0 if it has no bytes. They are row-major and little-endian, aligned for
     * the element type, those of less than 8 bits packed with the first in the low bits.
     */
    val `address`: kotlin.ULong
    ,
    /**
     * How many bytes they are; 0 for strings and what is no tensor.
     */
    val `byteLen`: kotlin.ULong

){





    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeValueInfo: FfiConverterRustBuffer<ValueInfo> {
    override fun read(buf: ByteBuffer): ValueInfo {
        return ValueInfo(
            FfiConverterTypeValueKind.read(buf),
            FfiConverterInt.read(buf),
            FfiConverterSequenceLong.read(buf),
            FfiConverterULong.read(buf),
            FfiConverterULong.read(buf),
        )
    }

    override fun allocationSize(value: ValueInfo) = (
            FfiConverterTypeValueKind.allocationSize(value.`kind`) +
            FfiConverterInt.allocationSize(value.`dtype`) +
            FfiConverterSequenceLong.allocationSize(value.`shape`) +
            FfiConverterULong.allocationSize(value.`address`) +
            FfiConverterULong.allocationSize(value.`byteLen`)
    )

    override fun write(value: ValueInfo, buf: ByteBuffer) {
            FfiConverterTypeValueKind.write(value.`kind`, buf)
            FfiConverterInt.write(value.`dtype`, buf)
            FfiConverterSequenceLong.write(value.`shape`, buf)
            FfiConverterULong.write(value.`address`, buf)
            FfiConverterULong.write(value.`byteLen`, buf)
    }
}





/**
 * What went wrong, where, and what to do about it.
 */
sealed class DunlinException: kotlin.Exception() {

    /**
     * The only case: `kind` tells them apart.
     */
    class Failed(

        /**
         * The kind.
         */
        val `kind`: ErrorKind,

        /**
         * All that there is to say in one line, the place and the hint included.
         */
        val `text`: kotlin.String,

        /**
         * What is wrong, without the place.
         */
        val `detail`: kotlin.String,

        /**
         * The node, by its name in the model.
         */
        val `node`: kotlin.String?,

        /**
         * The node's operator.
         */
        val `op`: kotlin.String?,

        /**
         * The model's file, if it came from one.
         */
        val `file`: kotlin.String?,

        /**
         * The byte of the file that is wrong, or where the node begins.
         */
        val `offset`: kotlin.ULong?,

        /**
         * What to do about it, if there is something.
         */
        val `hint`: kotlin.String?
        ) : DunlinException() {
        override val message
            get() = "kind=${ `kind` }, text=${ `text` }, detail=${ `detail` }, node=${ `node` }, op=${ `op` }, file=${ `file` }, offset=${ `offset` }, hint=${ `hint` }"
    }





    companion object ErrorHandler : UniffiRustCallStatusErrorHandler<DunlinException> {
        override fun lift(error_buf: RustBuffer.ByValue): DunlinException = FfiConverterTypeDunlinError.lift(error_buf)
    }


}

/**
 * @suppress
 */
public object FfiConverterTypeDunlinError : FfiConverterRustBuffer<DunlinException> {
    override fun read(buf: ByteBuffer): DunlinException {


        return when(buf.getInt()) {
            1 -> DunlinException.Failed(
                FfiConverterTypeErrorKind.read(buf),
                FfiConverterString.read(buf),
                FfiConverterString.read(buf),
                FfiConverterOptionalString.read(buf),
                FfiConverterOptionalString.read(buf),
                FfiConverterOptionalString.read(buf),
                FfiConverterOptionalULong.read(buf),
                FfiConverterOptionalString.read(buf),
                )
            else -> throw RuntimeException("invalid error enum value, something is very wrong!!")
        }
    }

    override fun allocationSize(value: DunlinException): ULong {
        return when(value) {
            is DunlinException.Failed -> (
                // Add the size for the Int that specifies the variant plus the size needed for all fields
                4UL
                + FfiConverterTypeErrorKind.allocationSize(value.`kind`)
                + FfiConverterString.allocationSize(value.`text`)
                + FfiConverterString.allocationSize(value.`detail`)
                + FfiConverterOptionalString.allocationSize(value.`node`)
                + FfiConverterOptionalString.allocationSize(value.`op`)
                + FfiConverterOptionalString.allocationSize(value.`file`)
                + FfiConverterOptionalULong.allocationSize(value.`offset`)
                + FfiConverterOptionalString.allocationSize(value.`hint`)
            )
        }
    }

    override fun write(value: DunlinException, buf: ByteBuffer) {
        when(value) {
            is DunlinException.Failed -> {
                buf.putInt(1)
                FfiConverterTypeErrorKind.write(value.`kind`, buf)
                FfiConverterString.write(value.`text`, buf)
                FfiConverterString.write(value.`detail`, buf)
                FfiConverterOptionalString.write(value.`node`, buf)
                FfiConverterOptionalString.write(value.`op`, buf)
                FfiConverterOptionalString.write(value.`file`, buf)
                FfiConverterOptionalULong.write(value.`offset`, buf)
                FfiConverterOptionalString.write(value.`hint`, buf)
                Unit
            }
        }.let { /* this makes the `when` an expression, which ensures it is exhaustive */ }
    }

}



/**
 * What kind of thing went wrong. [`error_kind_name`] has the names.
 */

enum class ErrorKind {

    /**
     * A file could not be opened or read.
     */
    IO,
    /**
     * The bytes are not a model, or damaged.
     */
    FORMAT,
    /**
     * The model needs something that Dunlin does not have.
     */
    UNSUPPORTED,
    /**
     * The model's graph is not well formed.
     */
    GRAPH,
    /**
     * Shapes within the model, or of its inputs, do not fit.
     */
    SHAPE,
    /**
     * Element types do not fit.
     */
    D_TYPE,
    /**
     * An input is missing, unknown, or has values that the model does not allow.
     */
    INPUT,
    /**
     * No memory.
     */
    OUT_OF_MEMORY,
    /**
     * One of the limits was reached.
     */
    LIMIT,
    /**
     * Something that was asked for by name does not exist.
     */
    NOT_FOUND,
    /**
     * Contents do not match their checksum or reference.
     */
    INTEGRITY,
    /**
     * A node cannot run on the device, and falling back is denied.
     */
    PLACEMENT,
    /**
     * The device failed, or is not in this build.
     */
    DEVICE,
    /**
     * The load or run was cancelled.
     */
    CANCELLED,
    /**
     * The load's or run's deadline passed.
     */
    DEADLINE,
    /**
     * A bug in Dunlin.
     */
    INTERNAL,
    /**
     * A session is in the middle of another call.
     */
    BUSY;




    companion object
}


/**
 * @suppress
 */
public object FfiConverterTypeErrorKind: FfiConverterRustBuffer<ErrorKind> {
    override fun read(buf: ByteBuffer) = try {

        ErrorKind.entries[buf.getInt() - 1]

    } catch (e: IndexOutOfBoundsException) {
        throw RuntimeException("invalid enum value, something is very wrong!!", e)
    }

    override fun allocationSize(value: ErrorKind) = 4UL

    override fun write(value: ErrorKind, buf: ByteBuffer) {
        buf.putInt(value.ordinal + 1)
    }
}





/**
 * What happens to nodes that the device cannot run.
 */

enum class Fallback {

    /**
     * Loading fails with the kind `placement` and names them.
     */
    DENY,
    /**
     * They run on the CPU, and the report lists them with the reason.
     */
    REPORT,
    /**
     * They run on the CPU; the report still lists them, but nothing is logged.
     */
    ALLOW;




    companion object
}


/**
 * @suppress
 */
public object FfiConverterTypeFallback: FfiConverterRustBuffer<Fallback> {
    override fun read(buf: ByteBuffer) = try {

        Fallback.entries[buf.getInt() - 1]

    } catch (e: IndexOutOfBoundsException) {
        throw RuntimeException("invalid enum value, something is very wrong!!", e)
    }

    override fun allocationSize(value: Fallback) = 4UL

    override fun write(value: Fallback, buf: ByteBuffer) {
        buf.putInt(value.ordinal + 1)
    }
}





/**
 * What a limit is of.
 */

enum class LimitOf {

    /**
     * Bytes of the model's file.
     */
    FILE_BYTES,
    /**
     * Bytes that the decoded file may take, weights not counted.
     */
    DECODED_BYTES,
    /**
     * Nodes of the model.
     */
    NODES,
    /**
     * Bytes of one tensor, in the file and in a run.
     */
    TENSOR_BYTES,
    /**
     * Bytes of all tensors that one run holds at a time.
     */
    RUN_BYTES,
    /**
     * Steps of one loop.
     */
    LOOP_STEPS,
    /**
     * Dimensions of a tensor.
     */
    RANK,
    /**
     * Bytes of one string.
     */
    STRING_BYTES;




    companion object
}


/**
 * @suppress
 */
public object FfiConverterTypeLimitOf: FfiConverterRustBuffer<LimitOf> {
    override fun read(buf: ByteBuffer) = try {

        LimitOf.entries[buf.getInt() - 1]

    } catch (e: IndexOutOfBoundsException) {
        throw RuntimeException("invalid enum value, something is very wrong!!", e)
    }

    override fun allocationSize(value: LimitOf) = 4UL

    override fun write(value: LimitOf, buf: ByteBuffer) {
        buf.putInt(value.ordinal + 1)
    }
}





/**
 * How much a line of the log matters.
 */

enum class LogLevel {

    /**
     * Something that a user of the model should know: nodes that do not run where they were asked to.
     */
    WARNING,
    /**
     * What was loaded and how.
     */
    INFO,
    /**
     * Details for somebody who looks for a reason.
     */
    DEBUG;




    companion object
}


/**
 * @suppress
 */
public object FfiConverterTypeLogLevel: FfiConverterRustBuffer<LogLevel> {
    override fun read(buf: ByteBuffer) = try {

        LogLevel.entries[buf.getInt() - 1]

    } catch (e: IndexOutOfBoundsException) {
        throw RuntimeException("invalid enum value, something is very wrong!!", e)
    }

    override fun allocationSize(value: LogLevel) = 4UL

    override fun write(value: LogLevel, buf: ByteBuffer) {
        buf.putInt(value.ordinal + 1)
    }
}





/**
 * Where a model comes from.
 */
sealed class Source: Disposable  {

    /**
     * The file at a path.
     */
    data class Path(
        /**
         * The path.
         */
        val `path`: kotlin.String) : Source()

    {


        companion object
    }

    /**
     * A part of the file of an open descriptor, such as a model that is stored uncompressed in an archive. The descriptor is duplicated:
     * the host's may be closed when the load is over.
     */
    data class Descriptor(
        /**
         * The descriptor.
         */
        val `descriptor`: kotlin.Int,
        /**
         * Where the part begins, in bytes.
         */
        val `offset`: kotlin.ULong,
        /**
         * How many bytes it has; none for all to the end.
         */
        val `length`: kotlin.ULong?) : Source()

    {


        companion object
    }

    /**
     * Memory: the bytes of a tensor of any type, which are kept and not copied.
     */
    data class Memory(
        /**
         * The tensor.
         */
        val `bytes`: dev.dunlin.ffi.Value) : Source()

    {


        companion object
    }



    @Suppress("UNNECESSARY_SAFE_CALL") // codegen is much simpler if we unconditionally emit safe calls here
    override fun destroy() {
        when(this) {
            is Source.Path -> {

    Disposable.destroy(
        this.`path`
    )

            }
            is Source.Descriptor -> {

    Disposable.destroy(
        this.`descriptor`,
        this.`offset`,
        this.`length`
    )

            }
            is Source.Memory -> {

    Disposable.destroy(
        this.`bytes`
    )

            }
        }.let { /* this makes the `when` an expression, which ensures it is exhaustive */ }
    }






    companion object
}

/**
 * @suppress
 */
public object FfiConverterTypeSource : FfiConverterRustBuffer<Source>{
    override fun read(buf: ByteBuffer): Source {
        return when(buf.getInt()) {
            1 -> Source.Path(
                FfiConverterString.read(buf),
                )
            2 -> Source.Descriptor(
                FfiConverterInt.read(buf),
                FfiConverterULong.read(buf),
                FfiConverterOptionalULong.read(buf),
                )
            3 -> Source.Memory(
                FfiConverterTypeValue.read(buf),
                )
            else -> throw RuntimeException("invalid enum value, something is very wrong!!")
        }
    }

    override fun allocationSize(value: Source): ULong = when(value) {
        is Source.Path -> {
            // Add the size for the Int that specifies the variant plus the size needed for all fields
            (
                4UL
                + FfiConverterString.allocationSize(value.`path`)
            )
        }
        is Source.Descriptor -> {
            // Add the size for the Int that specifies the variant plus the size needed for all fields
            (
                4UL
                + FfiConverterInt.allocationSize(value.`descriptor`)
                + FfiConverterULong.allocationSize(value.`offset`)
                + FfiConverterOptionalULong.allocationSize(value.`length`)
            )
        }
        is Source.Memory -> {
            // Add the size for the Int that specifies the variant plus the size needed for all fields
            (
                4UL
                + FfiConverterTypeValue.allocationSize(value.`bytes`)
            )
        }
    }

    override fun write(value: Source, buf: ByteBuffer) {
        when(value) {
            is Source.Path -> {
                buf.putInt(1)
                FfiConverterString.write(value.`path`, buf)
                Unit
            }
            is Source.Descriptor -> {
                buf.putInt(2)
                FfiConverterInt.write(value.`descriptor`, buf)
                FfiConverterULong.write(value.`offset`, buf)
                FfiConverterOptionalULong.write(value.`length`, buf)
                Unit
            }
            is Source.Memory -> {
                buf.putInt(3)
                FfiConverterTypeValue.write(value.`bytes`, buf)
                Unit
            }
        }.let { /* this makes the `when` an expression, which ensures it is exhaustive */ }
    }
}





/**
 * The stages of loading.
 */

enum class Stage {

    /**
     * The file is checked and its graph built.
     */
    READ,
    /**
     * The graph is simplified and fused.
     */
    OPTIMIZE,
    /**
     * Weights are packed and the steps laid out.
     */
    PLAN,
    /**
     * The model is ready.
     */
    DONE;




    companion object
}


/**
 * @suppress
 */
public object FfiConverterTypeStage: FfiConverterRustBuffer<Stage> {
    override fun read(buf: ByteBuffer) = try {

        Stage.entries[buf.getInt() - 1]

    } catch (e: IndexOutOfBoundsException) {
        throw RuntimeException("invalid enum value, something is very wrong!!", e)
    }

    override fun allocationSize(value: Stage) = 4UL

    override fun write(value: Stage, buf: ByteBuffer) {
        buf.putInt(value.ordinal + 1)
    }
}





/**
 * What a value is.
 */

enum class ValueKind {

    /**
     * A tensor.
     */
    TENSOR,
    /**
     * Values in order.
     */
    SEQUENCE,
    /**
     * Keys (a tensor of rank 1) and a value for each.
     */
    MAP,
    /**
     * A value or none.
     */
    OPTIONAL;




    companion object
}


/**
 * @suppress
 */
public object FfiConverterTypeValueKind: FfiConverterRustBuffer<ValueKind> {
    override fun read(buf: ByteBuffer) = try {

        ValueKind.entries[buf.getInt() - 1]

    } catch (e: IndexOutOfBoundsException) {
        throw RuntimeException("invalid enum value, something is very wrong!!", e)
    }

    override fun allocationSize(value: ValueKind) = 4UL

    override fun write(value: ValueKind, buf: ByteBuffer) {
        buf.putInt(value.ordinal + 1)
    }
}






/**
 * @suppress
 */
public object FfiConverterOptionalUInt: FfiConverterRustBuffer<kotlin.UInt?> {
    override fun read(buf: ByteBuffer): kotlin.UInt? {
        if (buf.get().toInt() == 0) {
            return null
        }
        return FfiConverterUInt.read(buf)
    }

    override fun allocationSize(value: kotlin.UInt?): ULong {
        if (value == null) {
            return 1UL
        } else {
            return 1UL + FfiConverterUInt.allocationSize(value)
        }
    }

    override fun write(value: kotlin.UInt?, buf: ByteBuffer) {
        if (value == null) {
            buf.put(0)
        } else {
            buf.put(1)
            FfiConverterUInt.write(value, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterOptionalULong: FfiConverterRustBuffer<kotlin.ULong?> {
    override fun read(buf: ByteBuffer): kotlin.ULong? {
        if (buf.get().toInt() == 0) {
            return null
        }
        return FfiConverterULong.read(buf)
    }

    override fun allocationSize(value: kotlin.ULong?): ULong {
        if (value == null) {
            return 1UL
        } else {
            return 1UL + FfiConverterULong.allocationSize(value)
        }
    }

    override fun write(value: kotlin.ULong?, buf: ByteBuffer) {
        if (value == null) {
            buf.put(0)
        } else {
            buf.put(1)
            FfiConverterULong.write(value, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterOptionalString: FfiConverterRustBuffer<kotlin.String?> {
    override fun read(buf: ByteBuffer): kotlin.String? {
        if (buf.get().toInt() == 0) {
            return null
        }
        return FfiConverterString.read(buf)
    }

    override fun allocationSize(value: kotlin.String?): ULong {
        if (value == null) {
            return 1UL
        } else {
            return 1UL + FfiConverterString.allocationSize(value)
        }
    }

    override fun write(value: kotlin.String?, buf: ByteBuffer) {
        if (value == null) {
            buf.put(0)
        } else {
            buf.put(1)
            FfiConverterString.write(value, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterOptionalTypeCancel: FfiConverterRustBuffer<Cancel?> {
    override fun read(buf: ByteBuffer): Cancel? {
        if (buf.get().toInt() == 0) {
            return null
        }
        return FfiConverterTypeCancel.read(buf)
    }

    override fun allocationSize(value: Cancel?): ULong {
        if (value == null) {
            return 1UL
        } else {
            return 1UL + FfiConverterTypeCancel.allocationSize(value)
        }
    }

    override fun write(value: Cancel?, buf: ByteBuffer) {
        if (value == null) {
            buf.put(0)
        } else {
            buf.put(1)
            FfiConverterTypeCancel.write(value, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterOptionalTypeLog: FfiConverterRustBuffer<Log?> {
    override fun read(buf: ByteBuffer): Log? {
        if (buf.get().toInt() == 0) {
            return null
        }
        return FfiConverterTypeLog.read(buf)
    }

    override fun allocationSize(value: Log?): ULong {
        if (value == null) {
            return 1UL
        } else {
            return 1UL + FfiConverterTypeLog.allocationSize(value)
        }
    }

    override fun write(value: Log?, buf: ByteBuffer) {
        if (value == null) {
            buf.put(0)
        } else {
            buf.put(1)
            FfiConverterTypeLog.write(value, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterOptionalTypePool: FfiConverterRustBuffer<Pool?> {
    override fun read(buf: ByteBuffer): Pool? {
        if (buf.get().toInt() == 0) {
            return null
        }
        return FfiConverterTypePool.read(buf)
    }

    override fun allocationSize(value: Pool?): ULong {
        if (value == null) {
            return 1UL
        } else {
            return 1UL + FfiConverterTypePool.allocationSize(value)
        }
    }

    override fun write(value: Pool?, buf: ByteBuffer) {
        if (value == null) {
            buf.put(0)
        } else {
            buf.put(1)
            FfiConverterTypePool.write(value, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterOptionalTypeProgress: FfiConverterRustBuffer<Progress?> {
    override fun read(buf: ByteBuffer): Progress? {
        if (buf.get().toInt() == 0) {
            return null
        }
        return FfiConverterTypeProgress.read(buf)
    }

    override fun allocationSize(value: Progress?): ULong {
        if (value == null) {
            return 1UL
        } else {
            return 1UL + FfiConverterTypeProgress.allocationSize(value)
        }
    }

    override fun write(value: Progress?, buf: ByteBuffer) {
        if (value == null) {
            buf.put(0)
        } else {
            buf.put(1)
            FfiConverterTypeProgress.write(value, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterOptionalTypeRunReport: FfiConverterRustBuffer<RunReport?> {
    override fun read(buf: ByteBuffer): RunReport? {
        if (buf.get().toInt() == 0) {
            return null
        }
        return FfiConverterTypeRunReport.read(buf)
    }

    override fun allocationSize(value: RunReport?): ULong {
        if (value == null) {
            return 1UL
        } else {
            return 1UL + FfiConverterTypeRunReport.allocationSize(value)
        }
    }

    override fun write(value: RunReport?, buf: ByteBuffer) {
        if (value == null) {
            buf.put(0)
        } else {
            buf.put(1)
            FfiConverterTypeRunReport.write(value, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterOptionalTypeValue: FfiConverterRustBuffer<Value?> {
    override fun read(buf: ByteBuffer): Value? {
        if (buf.get().toInt() == 0) {
            return null
        }
        return FfiConverterTypeValue.read(buf)
    }

    override fun allocationSize(value: Value?): ULong {
        if (value == null) {
            return 1UL
        } else {
            return 1UL + FfiConverterTypeValue.allocationSize(value)
        }
    }

    override fun write(value: Value?, buf: ByteBuffer) {
        if (value == null) {
            buf.put(0)
        } else {
            buf.put(1)
            FfiConverterTypeValue.write(value, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterOptionalTypeFallback: FfiConverterRustBuffer<Fallback?> {
    override fun read(buf: ByteBuffer): Fallback? {
        if (buf.get().toInt() == 0) {
            return null
        }
        return FfiConverterTypeFallback.read(buf)
    }

    override fun allocationSize(value: Fallback?): ULong {
        if (value == null) {
            return 1UL
        } else {
            return 1UL + FfiConverterTypeFallback.allocationSize(value)
        }
    }

    override fun write(value: Fallback?, buf: ByteBuffer) {
        if (value == null) {
            buf.put(0)
        } else {
            buf.put(1)
            FfiConverterTypeFallback.write(value, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterOptionalTypeLogLevel: FfiConverterRustBuffer<LogLevel?> {
    override fun read(buf: ByteBuffer): LogLevel? {
        if (buf.get().toInt() == 0) {
            return null
        }
        return FfiConverterTypeLogLevel.read(buf)
    }

    override fun allocationSize(value: LogLevel?): ULong {
        if (value == null) {
            return 1UL
        } else {
            return 1UL + FfiConverterTypeLogLevel.allocationSize(value)
        }
    }

    override fun write(value: LogLevel?, buf: ByteBuffer) {
        if (value == null) {
            buf.put(0)
        } else {
            buf.put(1)
            FfiConverterTypeLogLevel.write(value, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterOptionalSequenceLong: FfiConverterRustBuffer<List<kotlin.Long>?> {
    override fun read(buf: ByteBuffer): List<kotlin.Long>? {
        if (buf.get().toInt() == 0) {
            return null
        }
        return FfiConverterSequenceLong.read(buf)
    }

    override fun allocationSize(value: List<kotlin.Long>?): ULong {
        if (value == null) {
            return 1UL
        } else {
            return 1UL + FfiConverterSequenceLong.allocationSize(value)
        }
    }

    override fun write(value: List<kotlin.Long>?, buf: ByteBuffer) {
        if (value == null) {
            buf.put(0)
        } else {
            buf.put(1)
            FfiConverterSequenceLong.write(value, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterSequenceLong: FfiConverterRustBuffer<List<kotlin.Long>> {
    override fun read(buf: ByteBuffer): List<kotlin.Long> {
        val len = buf.getInt()
        return List<kotlin.Long>(len) {
            FfiConverterLong.read(buf)
        }
    }

    override fun allocationSize(value: List<kotlin.Long>): ULong {
        val sizeForLength = 4UL
        val sizeForItems = value.map { FfiConverterLong.allocationSize(it) }.sum()
        return sizeForLength + sizeForItems
    }

    override fun write(value: List<kotlin.Long>, buf: ByteBuffer) {
        buf.putInt(value.size)
        value.iterator().forEach {
            FfiConverterLong.write(it, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterSequenceString: FfiConverterRustBuffer<List<kotlin.String>> {
    override fun read(buf: ByteBuffer): List<kotlin.String> {
        val len = buf.getInt()
        return List<kotlin.String>(len) {
            FfiConverterString.read(buf)
        }
    }

    override fun allocationSize(value: List<kotlin.String>): ULong {
        val sizeForLength = 4UL
        val sizeForItems = value.map { FfiConverterString.allocationSize(it) }.sum()
        return sizeForLength + sizeForItems
    }

    override fun write(value: List<kotlin.String>, buf: ByteBuffer) {
        buf.putInt(value.size)
        value.iterator().forEach {
            FfiConverterString.write(it, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterSequenceTypeValue: FfiConverterRustBuffer<List<Value>> {
    override fun read(buf: ByteBuffer): List<Value> {
        val len = buf.getInt()
        return List<Value>(len) {
            FfiConverterTypeValue.read(buf)
        }
    }

    override fun allocationSize(value: List<Value>): ULong {
        val sizeForLength = 4UL
        val sizeForItems = value.map { FfiConverterTypeValue.allocationSize(it) }.sum()
        return sizeForLength + sizeForItems
    }

    override fun write(value: List<Value>, buf: ByteBuffer) {
        buf.putInt(value.size)
        value.iterator().forEach {
            FfiConverterTypeValue.write(it, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterSequenceTypeExternal: FfiConverterRustBuffer<List<External>> {
    override fun read(buf: ByteBuffer): List<External> {
        val len = buf.getInt()
        return List<External>(len) {
            FfiConverterTypeExternal.read(buf)
        }
    }

    override fun allocationSize(value: List<External>): ULong {
        val sizeForLength = 4UL
        val sizeForItems = value.map { FfiConverterTypeExternal.allocationSize(it) }.sum()
        return sizeForLength + sizeForItems
    }

    override fun write(value: List<External>, buf: ByteBuffer) {
        buf.putInt(value.size)
        value.iterator().forEach {
            FfiConverterTypeExternal.write(it, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterSequenceTypeInput: FfiConverterRustBuffer<List<Input>> {
    override fun read(buf: ByteBuffer): List<Input> {
        val len = buf.getInt()
        return List<Input>(len) {
            FfiConverterTypeInput.read(buf)
        }
    }

    override fun allocationSize(value: List<Input>): ULong {
        val sizeForLength = 4UL
        val sizeForItems = value.map { FfiConverterTypeInput.allocationSize(it) }.sum()
        return sizeForLength + sizeForItems
    }

    override fun write(value: List<Input>, buf: ByteBuffer) {
        buf.putInt(value.size)
        value.iterator().forEach {
            FfiConverterTypeInput.write(it, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterSequenceTypeLimit: FfiConverterRustBuffer<List<Limit>> {
    override fun read(buf: ByteBuffer): List<Limit> {
        val len = buf.getInt()
        return List<Limit>(len) {
            FfiConverterTypeLimit.read(buf)
        }
    }

    override fun allocationSize(value: List<Limit>): ULong {
        val sizeForLength = 4UL
        val sizeForItems = value.map { FfiConverterTypeLimit.allocationSize(it) }.sum()
        return sizeForLength + sizeForItems
    }

    override fun write(value: List<Limit>, buf: ByteBuffer) {
        buf.putInt(value.size)
        value.iterator().forEach {
            FfiConverterTypeLimit.write(it, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterSequenceTypeMetadata: FfiConverterRustBuffer<List<Metadata>> {
    override fun read(buf: ByteBuffer): List<Metadata> {
        val len = buf.getInt()
        return List<Metadata>(len) {
            FfiConverterTypeMetadata.read(buf)
        }
    }

    override fun allocationSize(value: List<Metadata>): ULong {
        val sizeForLength = 4UL
        val sizeForItems = value.map { FfiConverterTypeMetadata.allocationSize(it) }.sum()
        return sizeForLength + sizeForItems
    }

    override fun write(value: List<Metadata>, buf: ByteBuffer) {
        buf.putInt(value.size)
        value.iterator().forEach {
            FfiConverterTypeMetadata.write(it, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterSequenceTypeNodeReport: FfiConverterRustBuffer<List<NodeReport>> {
    override fun read(buf: ByteBuffer): List<NodeReport> {
        val len = buf.getInt()
        return List<NodeReport>(len) {
            FfiConverterTypeNodeReport.read(buf)
        }
    }

    override fun allocationSize(value: List<NodeReport>): ULong {
        val sizeForLength = 4UL
        val sizeForItems = value.map { FfiConverterTypeNodeReport.allocationSize(it) }.sum()
        return sizeForLength + sizeForItems
    }

    override fun write(value: List<NodeReport>, buf: ByteBuffer) {
        buf.putInt(value.size)
        value.iterator().forEach {
            FfiConverterTypeNodeReport.write(it, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterSequenceTypeOpset: FfiConverterRustBuffer<List<Opset>> {
    override fun read(buf: ByteBuffer): List<Opset> {
        val len = buf.getInt()
        return List<Opset>(len) {
            FfiConverterTypeOpset.read(buf)
        }
    }

    override fun allocationSize(value: List<Opset>): ULong {
        val sizeForLength = 4UL
        val sizeForItems = value.map { FfiConverterTypeOpset.allocationSize(it) }.sum()
        return sizeForLength + sizeForItems
    }

    override fun write(value: List<Opset>, buf: ByteBuffer) {
        buf.putInt(value.size)
        value.iterator().forEach {
            FfiConverterTypeOpset.write(it, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterSequenceTypeOutput: FfiConverterRustBuffer<List<Output>> {
    override fun read(buf: ByteBuffer): List<Output> {
        val len = buf.getInt()
        return List<Output>(len) {
            FfiConverterTypeOutput.read(buf)
        }
    }

    override fun allocationSize(value: List<Output>): ULong {
        val sizeForLength = 4UL
        val sizeForItems = value.map { FfiConverterTypeOutput.allocationSize(it) }.sum()
        return sizeForLength + sizeForItems
    }

    override fun write(value: List<Output>, buf: ByteBuffer) {
        buf.putInt(value.size)
        value.iterator().forEach {
            FfiConverterTypeOutput.write(it, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterSequenceTypePlacement: FfiConverterRustBuffer<List<Placement>> {
    override fun read(buf: ByteBuffer): List<Placement> {
        val len = buf.getInt()
        return List<Placement>(len) {
            FfiConverterTypePlacement.read(buf)
        }
    }

    override fun allocationSize(value: List<Placement>): ULong {
        val sizeForLength = 4UL
        val sizeForItems = value.map { FfiConverterTypePlacement.allocationSize(it) }.sum()
        return sizeForLength + sizeForItems
    }

    override fun write(value: List<Placement>, buf: ByteBuffer) {
        buf.putInt(value.size)
        value.iterator().forEach {
            FfiConverterTypePlacement.write(it, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterSequenceTypePort: FfiConverterRustBuffer<List<Port>> {
    override fun read(buf: ByteBuffer): List<Port> {
        val len = buf.getInt()
        return List<Port>(len) {
            FfiConverterTypePort.read(buf)
        }
    }

    override fun allocationSize(value: List<Port>): ULong {
        val sizeForLength = 4UL
        val sizeForItems = value.map { FfiConverterTypePort.allocationSize(it) }.sum()
        return sizeForLength + sizeForItems
    }

    override fun write(value: List<Port>, buf: ByteBuffer) {
        buf.putInt(value.size)
        value.iterator().forEach {
            FfiConverterTypePort.write(it, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterSequenceTypeState: FfiConverterRustBuffer<List<State>> {
    override fun read(buf: ByteBuffer): List<State> {
        val len = buf.getInt()
        return List<State>(len) {
            FfiConverterTypeState.read(buf)
        }
    }

    override fun allocationSize(value: List<State>): ULong {
        val sizeForLength = 4UL
        val sizeForItems = value.map { FfiConverterTypeState.allocationSize(it) }.sum()
        return sizeForLength + sizeForItems
    }

    override fun write(value: List<State>, buf: ByteBuffer) {
        buf.putInt(value.size)
        value.iterator().forEach {
            FfiConverterTypeState.write(it, buf)
        }
    }
}




/**
 * @suppress
 */
public object FfiConverterSequenceOptionalSequenceLong: FfiConverterRustBuffer<List<List<kotlin.Long>?>> {
    override fun read(buf: ByteBuffer): List<List<kotlin.Long>?> {
        val len = buf.getInt()
        return List<List<kotlin.Long>?>(len) {
            FfiConverterOptionalSequenceLong.read(buf)
        }
    }

    override fun allocationSize(value: List<List<kotlin.Long>?>): ULong {
        val sizeForLength = 4UL
        val sizeForItems = value.map { FfiConverterOptionalSequenceLong.allocationSize(it) }.sum()
        return sizeForLength + sizeForItems
    }

    override fun write(value: List<List<kotlin.Long>?>, buf: ByteBuffer) {
        buf.putInt(value.size)
        value.iterator().forEach {
            FfiConverterOptionalSequenceLong.write(it, buf)
        }
    }
}








        /**
         * Waits until no asynchronous load or run is under way and their threads are gone; at most `timeout_ms` milliseconds if that is not 0.
         * To be called before the library is unloaded; not from a callback of one of them.
         *
         * # Errors
         * Kind `deadline` if some still run, `busy` from one of their callbacks.
         */
    @Throws(DunlinException::class) fun `asyncWait`(`timeoutMs`: kotlin.ULong)
        =
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_func_async_wait(


        FfiConverterULong.lower(`timeoutMs`),_status)
}



        /**
         * The devices that this build can run on here, such as `cpu` and `cuda:0`.
         */ fun `devices`(): List<kotlin.String> {
            return FfiConverterSequenceString.lift(
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_func_devices(

        _status)
}
    )
    }


        /**
         * Whether this build has a feature: the name of a device (`cpu`, `cuda:0`), a format (`onnx`), or an operator (`op:Conv`,
         * `op:ai.onnx.ml:Scaler`). An unknown name is not had.
         */ fun `has`(`feature`: kotlin.String): kotlin.Boolean {
            return FfiConverterBoolean.lift(
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_func_has(


        FfiConverterString.lower(`feature`),_status)
}
    )
    }


        /**
         * The instruction set that the CPU kernels use on this machine: `avx512`, `avx2`, `neon` or `scalar`.
         */ fun `instructionSet`(): kotlin.String {
            return FfiConverterString.lift(
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_func_instruction_set(

        _status)
}
    )
    }


        /**
         * The version of this library, such as `0.1.0`.
         */ fun `version`(): kotlin.String {
            return FfiConverterString.lift(
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_func_version(

        _status)
}
    )
    }


        /**
         * The name of a kind of error, such as `out-of-memory`.
         */ fun `errorKindName`(`kind`: ErrorKind): kotlin.String {
            return FfiConverterString.lift(
    uniffiRustCall() { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_func_error_kind_name(


        FfiConverterTypeErrorKind.lower(`kind`),_status)
}
    )
    }


        /**
         * Makes a tensor of zeros for the host to fill with one copy, whatever it copies from.
         *
         * # Errors
         * Kind `dtype` for strings and unknown element types, `shape` for negative sizes, `limit` for sizes that overflow, `out-of-memory`.
         */
    @Throws(DunlinException::class) fun `blankTensor`(`dtype`: kotlin.Int, `shape`: List<kotlin.Long>): BlankTensor {
            return FfiConverterTypeBlankTensor.lift(
    uniffiRustCallWithError(DunlinException) { _status ->
    UniffiLib.uniffi_dunlin_uniffi_fn_func_blank_tensor(


        FfiConverterInt.lower(`dtype`),
        FfiConverterSequenceLong.lower(`shape`),_status)
}
    )
    }



