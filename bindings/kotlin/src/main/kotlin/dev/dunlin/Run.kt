// Choices for one run, and what comes out of it.

package dev.dunlin

import dev.dunlin.ffi.Input
import dev.dunlin.ffi.RunResult
import dev.dunlin.ffi.RunOptions as FfiRunOptions
import dev.dunlin.ffi.RunReport as FfiRunReport

/** Choices for runs, all at their defaults. They may be used for any number of runs. */
public class RunOptions {
    /** Ends the run early. */
    public var cancel: Cancel? = null

    /** How many milliseconds the run may take; 0 for any number. */
    public var timeoutMillis: Long = 0

    /** The seed of the graph's random numbers, where it draws any. */
    public var seed: Long = 0

    /** Whether to record each node's time, for [Outputs.report]. */
    public var report: Boolean = false
}

/**
 * The outputs of a run by name, in the model's order.
 *
 * Closing them frees their memory at once; otherwise that happens when they have become unreachable.
 *
 * @property report what the run spent, if [RunOptions.report] asked for it
 */
public class Outputs internal constructor(
    private val byName: Map<String, Value>,
    public val report: RunReport?,
) : Map<String, Value> by byName, AutoCloseable {
    private val inOrder = byName.values.toList()

    /** The output in this place of the model's order. */
    public operator fun get(index: Int): Value = inOrder[index]

    /**
     * The tensor of this name.
     *
     * @throws NoSuchElementException if there is no such output, or it is no tensor
     */
    public fun tensor(name: String): Tensor =
        byName[name] as? Tensor ?: throw NoSuchElementException("no output $name is a tensor; there are $keys")

    /**
     * The tensor in this place of the model's order.
     *
     * @throws NoSuchElementException if the output is no tensor
     */
    public fun tensor(index: Int): Tensor =
        inOrder[index] as? Tensor ?: throw NoSuchElementException("output $index is no tensor")

    /** Frees all values. */
    override fun close() {
        inOrder.forEach(Value::close)
        report?.close()
    }

    /** Names, types and shapes. */
    override fun toString(): String = byName.toString()
}

/** What a run spent. It is only put into records when somebody asks. */
public class RunReport internal constructor(ffi: FfiRunReport) : AutoCloseable {
    private val held = Held(ffi, "report")
    private val summary = ffi.summary()

    /** Nanoseconds of the whole run. */
    public val nanoseconds: Long get() = summary.nanoseconds.toLong()

    /** The most bytes of tensors that were held at a time. */
    public val peakBytes: Long get() = summary.peakBytes.toLong()

    /** How many nodes did not run, since their results follow from input shapes that have been seen before. */
    public val sparedNodes: Long get() = summary.nSpared.toLong()

    /** Each node that ran, in order; nodes of nested graphs once per execution, before the node around them. */
    public val nodes: List<NodeReport> get() = held.use { it.nodes() }.map { node ->
        NodeReport(
            node.node,
            node.op,
            node.backend,
            ElementType.ofCode(node.dtype),
            node.nanoseconds.toLong(),
            node.outputBytes.toLong(),
            node.depth.toInt(),
            node.fallback,
        )
    }

    /** All of it as JSON. */
    public val json: String get() = held.use { it.json() }

    /** Frees it. */
    override fun close() {
        held.close()
    }
}

/**
 * What one node spent.
 *
 * @property node its name in the model; its operator's if it has none
 * @property operator the operator
 * @property backend the backend that computed it
 * @property type the element type of its first output, if that is a tensor
 * @property nanoseconds how long it took
 * @property outputBytes bytes of its outputs
 * @property depth how deeply it is nested in control flow; 0 for the main graph
 * @property fallback why it did not run on the device that was asked for, if it did not
 */
public data class NodeReport(
    val node: String,
    val operator: String,
    val backend: String,
    val type: ElementType?,
    val nanoseconds: Long,
    val outputBytes: Long,
    val depth: Int,
    val fallback: String?,
)

/** What models and sessions have in common: how their inputs and outputs are translated. */
internal class Running(private val outputNames: List<String>) {
    /** Runs with the inputs and choices held for the time of the call. */
    inline fun run(
        names: List<String?>,
        values: List<Value>,
        options: RunOptions?,
        run: (List<Input>, FfiRunOptions) -> RunResult,
    ): Outputs {
        val switch = options?.cancel?.held
        val result = values.using { ffi ->
            try {
                val choices = if (options == null) defaults else options.choices(switch?.acquire())
                calling { run(List(ffi.size) { Input(names[it], ffi[it]) }, choices) }
            } finally {
                switch?.release()
            }
        }
        return outputs(result)
    }

    fun outputs(result: RunResult): Outputs {
        val values = LinkedHashMap<String, Value>(result.outputs.size * 2)
        result.outputs.forEachIndexed { i, output -> values[outputNames[i]] = Value.of(output.value, output.info) }
        return Outputs(values, result.report?.let(::RunReport))
    }

    companion object {
        val defaults = FfiRunOptions()

        fun RunOptions.choices(cancel: dev.dunlin.ffi.Cancel?) = FfiRunOptions(
            cancel = cancel,
            timeoutMs = requireNotNegative(timeoutMillis, "timeout").toULong(),
            seed = seed.toULong(),
            report = report,
        )
    }
}
