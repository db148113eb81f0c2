// What can go wrong.

package dev.dunlin

import dev.dunlin.ffi.ErrorKind
import dev.dunlin.ffi.InternalException
import dev.dunlin.ffi.DunlinException as Failure

/**
 * What Dunlin could not do, where, and what to do about it. There is a subclass for each kind of failure.
 *
 * A coroutine that is cancelled ends with `CancellationException`, as everywhere; [Cancelled] is for runs that a [Cancel] ended.
 */
public sealed class DunlinException private constructor(facts: Facts) : RuntimeException(facts.text) {
    /** The name of the kind, as in Dunlin's other languages: `shape`, `out-of-memory`. */
    public val kind: String = facts.kind

    /** What is wrong, without the place. */
    public val detail: String = facts.detail

    /** The node of the model, by its name. */
    public val node: String? = facts.node

    /** The node's operator. */
    public val operator: String? = facts.operator

    /** The model's file, if it came from one. */
    public val file: String? = facts.file

    /** The byte of the file that is wrong, or where the node begins. */
    public val offset: Long? = facts.offset

    /** What to do about it, if there is something. */
    public val hint: String? = facts.hint

    /** A file could not be opened or read. */
    public class Io internal constructor(facts: Facts) : DunlinException(facts)

    /** The bytes are not a model, or damaged. */
    public class Format internal constructor(facts: Facts) : DunlinException(facts)

    /** The model needs something that Dunlin does not have. */
    public class Unsupported internal constructor(facts: Facts) : DunlinException(facts)

    /** The model's graph is not well formed. */
    public class Graph internal constructor(facts: Facts) : DunlinException(facts)

    /** Shapes within the model, or of its inputs, do not fit. */
    public class Shape internal constructor(facts: Facts) : DunlinException(facts)

    /** Element types do not fit. */
    public class ElementTypes internal constructor(facts: Facts) : DunlinException(facts)

    /** An input is missing, unknown, or has values that the model does not allow. */
    public class Input internal constructor(facts: Facts) : DunlinException(facts)

    /** No memory. */
    public class OutOfMemory internal constructor(facts: Facts) : DunlinException(facts)

    /** One of the limits was reached. */
    public class Limit internal constructor(facts: Facts) : DunlinException(facts)

    /** Something that was asked for by name does not exist. */
    public class NotFound internal constructor(facts: Facts) : DunlinException(facts)

    /** Contents do not match their checksum or reference. */
    public class Integrity internal constructor(facts: Facts) : DunlinException(facts)

    /** A node cannot run on the device, and falling back is denied. */
    public class Placement internal constructor(facts: Facts) : DunlinException(facts)

    /** The device failed, or is not in this build. */
    public class Device internal constructor(facts: Facts) : DunlinException(facts)

    /** A [Cancel] ended the load or run. */
    public class Cancelled internal constructor(facts: Facts) : DunlinException(facts)

    /** The load or run took longer than it may. */
    public class Deadline internal constructor(facts: Facts) : DunlinException(facts)

    /** A bug in Dunlin: please report it with the model and the input. */
    public class Internal internal constructor(facts: Facts) : DunlinException(facts)

    /** The session is in the middle of another call. */
    public class Busy internal constructor(facts: Facts) : DunlinException(facts)

    internal data class Facts(
        val text: String,
        val kind: String,
        val detail: String,
        val node: String? = null,
        val operator: String? = null,
        val file: String? = null,
        val offset: Long? = null,
        val hint: String? = null,
    )

    internal companion object {
        fun of(failure: Failure): DunlinException {
            val failed = failure as Failure.Failed
            val facts = with(failed) {
                val kind = dev.dunlin.ffi.errorKindName(kind)
                Facts(text, kind, detail, node, op, file, offset?.toLong(), hint)
            }
            return when (failed.kind) {
                ErrorKind.IO -> Io(facts)
                ErrorKind.FORMAT -> Format(facts)
                ErrorKind.UNSUPPORTED -> Unsupported(facts)
                ErrorKind.GRAPH -> Graph(facts)
                ErrorKind.SHAPE -> Shape(facts)
                ErrorKind.D_TYPE -> ElementTypes(facts)
                ErrorKind.INPUT -> Input(facts)
                ErrorKind.OUT_OF_MEMORY -> OutOfMemory(facts)
                ErrorKind.LIMIT -> Limit(facts)
                ErrorKind.NOT_FOUND -> NotFound(facts)
                ErrorKind.INTEGRITY -> Integrity(facts)
                ErrorKind.PLACEMENT -> Placement(facts)
                ErrorKind.DEVICE -> Device(facts)
                ErrorKind.CANCELLED -> Cancelled(facts)
                ErrorKind.DEADLINE -> Deadline(facts)
                ErrorKind.INTERNAL -> Internal(facts)
                ErrorKind.BUSY -> Busy(facts)
            }
        }

        fun shape(text: String): DunlinException = Shape(Facts(text, "shape", text))

        fun of(panic: InternalException): DunlinException {
            val text = panic.message ?: "a bug in Dunlin"
            return Internal(Facts(text, "internal", text))
        }
    }
}

/** Calls the binding; its exceptions become ours. */
internal inline fun <R> calling(block: () -> R): R {
    Library.open()
    try {
        return block()
    } catch (failure: Failure) {
        throw DunlinException.of(failure)
    } catch (panic: InternalException) {
        throw DunlinException.of(panic)
    }
}
