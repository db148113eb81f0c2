// What a model is, and where its nodes run.

package dev.dunlin

import dev.dunlin.ffi.ModelInfo as FfiModelInfo
import dev.dunlin.ffi.ModelReport as FfiModelReport
import dev.dunlin.ffi.Port as FfiPort

/**
 * What a model is.
 *
 * @property inputs what it takes, in order
 * @property outputs what it gives, in order
 * @property irVersion the version of the file format
 * @property modelVersion the model's own version
 * @property producer the program that wrote the file, and its version
 * @property description free text
 * @property opsets the sets of operators that it uses: versions by domain; the main one is called `ai.onnx`
 * @property metadata keys and values that its maker attached
 */
public data class ModelInfo(
    val inputs: List<Port>,
    val outputs: List<Port>,
    val irVersion: Long,
    val modelVersion: Long,
    val producer: String,
    val description: String,
    val opsets: Map<String, Long>,
    val metadata: Map<String, String>,
) {
    internal constructor(ffi: FfiModelInfo) : this(
        ffi.inputs.map(::Port),
        ffi.outputs.map(::Port),
        ffi.irVersion,
        ffi.modelVersion,
        ffi.producer,
        ffi.description,
        ffi.opsets.associate { it.domain to it.version },
        ffi.metadata.associate { it.key to it.value },
    )
}

/**
 * An input or output of a model.
 *
 * @property name its name
 * @property typeText its type as text, such as `float32[n, 3, 224, 224]`
 * @property type the element type, if it is a tensor and not open
 * @property dims the sizes, -1 where one is open; null if even the rank is open, or it is no tensor
 * @property isOptional whether an input may be left out
 */
public data class Port(
    val name: String,
    val typeText: String,
    val type: ElementType?,
    val dims: List<Long>?,
    val isOptional: Boolean,
) {
    internal constructor(ffi: FfiPort) :
        this(ffi.name, ffi.typeText, ElementType.ofCode(ffi.dtype), ffi.dims, ffi.isOptional)
}

/**
 * Where a model's nodes run.
 *
 * @property nodes each node of the optimised graph, in the order in which they run
 * @property passes the optimiser's passes that changed something, in order
 * @property packedBytes bytes of weights in packed layouts
 * @property constantBytes bytes of constants that are kept as they are
 * @property json all of it as JSON
 */
public data class ModelReport(
    val nodes: List<Placement>,
    val passes: List<String>,
    val packedBytes: Long,
    val constantBytes: Long,
    val json: String,
) {
    internal constructor(ffi: FfiModelReport) : this(
        ffi.nodes.map { Placement(it.node, it.op, it.backend, it.fallback) },
        ffi.passes,
        ffi.packedBytes.toLong(),
        ffi.constantBytes.toLong(),
        ffi.json,
    )
}

/**
 * Where one node runs.
 *
 * @property node its name in the model; its operator's if it has none
 * @property operator the operator
 * @property backend the backend that computes it
 * @property fallback why it does not run on the device that was asked for, if it does not
 */
public data class Placement(val node: String, val operator: String, val backend: String, val fallback: String?)

/**
 * How much memory a run will take.
 *
 * @property bytes peak bytes of tensors, weights not counted
 * @property isExact whether that is all; if not, some shapes depend on the inputs' contents, and it is at least so many
 */
public data class MemoryNeed(val bytes: Long, val isExact: Boolean)
