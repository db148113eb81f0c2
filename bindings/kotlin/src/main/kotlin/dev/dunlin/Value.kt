// Values that are no tensors: sequences, maps and optionals of the ONNX standard.

package dev.dunlin

import dev.dunlin.ffi.ValueInfo
import dev.dunlin.ffi.ValueKind
import dev.dunlin.ffi.Value as FfiValue

/**
 * A value that goes into a run or comes out of one: a [Tensor], or one of the standard's containers.
 *
 * It does not change once it is made, so any thread may read one at any time. Closing it frees its memory at once; otherwise that happens
 * when it has become unreachable. Runs that use a value go on undisturbed if it is closed.
 */
public sealed class Value(ffi: FfiValue, what: String) : AutoCloseable {
    internal val held: Held<FfiValue> = Held(ffi, what)

    /** Frees the memory, unless a run or a buffer still uses it: then when that is over. */
    override fun close() {
        held.close()
    }

    internal fun elements(): List<Value> = held.use { ffi -> calling { ffi.elements() }.map(::of) }

    internal companion object {
        fun of(ffi: FfiValue): Value = of(ffi, ffi.info())

        fun of(ffi: FfiValue, info: ValueInfo): Value = when (info.kind) {
            ValueKind.TENSOR -> Tensor(ffi, info)
            ValueKind.SEQUENCE -> SequenceValue(ffi)
            ValueKind.MAP -> MapValue(ffi)
            ValueKind.OPTIONAL -> OptionalValue(ffi)
        }
    }
}

/** Uses values for the time of a call. */
internal inline fun <R> List<Value>.using(block: (List<FfiValue>) -> R): R {
    val used = ArrayList<Held<FfiValue>>(size)
    try {
        return block(map { value -> value.held.acquire().also { used.add(value.held) } })
    } finally {
        used.forEach(Held<FfiValue>::release)
    }
}

/** Values in order. */
public class SequenceValue internal constructor(ffi: FfiValue) : Value(ffi, "sequence") {
    /** The values, as new objects that share their memory with this one. */
    public val values: List<Value> get() = elements()

    /** Makes sequences. */
    public companion object {
        /** A sequence of values, which stay the caller's. */
        @JvmStatic
        public fun of(values: List<Value>): SequenceValue =
            values.using { SequenceValue(calling { FfiValue.sequence(it) }) }
    }
}

/** Keys (integers or strings) and a value for each. */
public class MapValue internal constructor(ffi: FfiValue) : Value(ffi, "map") {
    /** The keys: a tensor of rank 1. */
    public val keys: Tensor get() = held.use { ffi -> calling { ffi.keys() } }.let { Tensor(it, it.info()) }

    /** The values in the order of the keys, as new objects that share their memory with this one. */
    public val values: List<Value> get() = elements()

    /** Makes maps. */
    public companion object {
        /** A map of the keys in a tensor of rank 1 to as many values, all of which stay the caller's. */
        @JvmStatic
        public fun of(keys: Tensor, values: List<Value>): MapValue = keys.held.use { key ->
            values.using { MapValue(calling { FfiValue.map(key, it) }) }
        }
    }
}

/** A value or none. */
public class OptionalValue internal constructor(ffi: FfiValue) : Value(ffi, "optional") {
    /** The value, as a new object that shares its memory with this one; null if there is none. */
    public val value: Value? get() = elements().firstOrNull()

    /** Makes optionals. */
    public companion object {
        /** An optional of a value, which stays the caller's, or of nothing. */
        @JvmStatic
        public fun of(value: Value?): OptionalValue =
            listOfNotNull(value).using { OptionalValue(calling { FfiValue.optional(it.firstOrNull()) }) }
    }
}
