// The model: loaded once, run by any number of threads.

package dev.dunlin

import dev.dunlin.ffi.Source
import java.io.File
import java.nio.ByteBuffer
import java.nio.file.Path
import dev.dunlin.ffi.Model as FfiModel

/**
 * A loaded model. Any number of threads may run it at the same time.
 *
 * ```
 * Model.load("digits.onnx").use { model ->
 *     val image = Tensor.of(pixels, 1, 1, 28, 28)
 *     println(model.run(mapOf("image" to image)).tensor(0).floats().toList())
 * }
 * ```
 */
public class Model internal constructor(ffi: FfiModel) : AutoCloseable {
    private val held = Held(ffi, "model")

    /** What it is. */
    public val info: ModelInfo = ModelInfo(ffi.info())

    private val running = Running(info.outputs.map(Port::name))

    /** Where its nodes run. */
    public val report: ModelReport get() = held.use { ModelReport(calling { it.report() }) }

    /**
     * Runs the model on inputs by name, which stay the caller's and are not copied.
     *
     * @throws DunlinException for inputs that do not fit, and whatever a node reports
     */
    @JvmOverloads
    public fun run(inputs: Map<String, Value>, options: RunOptions? = null): Outputs = held.use { ffi ->
        running.run(inputs.keys.toList(), inputs.values.toList(), options, ffi::run)
    }

    /** Runs the model on inputs in its order; otherwise as with names. */
    public fun run(vararg inputs: Value, options: RunOptions? = null): Outputs = held.use { ffi ->
        running.run(List(inputs.size) { null }, inputs.asList(), options, ffi::run)
    }

    /**
     * Runs the model on threads of Dunlin's, without blocking the coroutine's. Cancelling the coroutine cancels the run.
     *
     * @throws DunlinException as [run]
     */
    public suspend fun runAsync(inputs: Map<String, Value>, options: RunOptions? = null): Outputs = held.use { ffi ->
        running.run(inputs.keys.toList(), inputs.values.toList(), options) { values, choices ->
            ffi.runAsync(values, choices)
        }
    }

    /** A session: repeated runs with kept buffers and states. It does not end with the model. */
    public fun session(): Session = held.use { Session(calling { it.session() }, running) }

    /**
     * How much memory a run takes with inputs of these shapes, in the model's order; null for the shape that the file declares.
     *
     * @throws DunlinException.Input if there are more shapes than inputs
     */
    public fun memory(vararg shapes: LongArray?): MemoryNeed = held.use { ffi ->
        val need = calling { ffi.memory(shapes.map { it?.toList() }) }
        MemoryNeed(need.bytes.toLong(), need.isExact)
    }

    /** Frees the model, when the runs that are under way have ended. Sessions go on. */
    override fun close() {
        held.close()
    }

    /** Loads models. Whatever fails is thrown as a [DunlinException]. */
    public companion object {
        /** Loads the model file at a path. */
        @JvmStatic
        @JvmOverloads
        public fun load(path: String, options: LoadOptions = LoadOptions()): Model =
            options.loading { Model(FfiModel.load(Source.Path(path), it)) }

        /** Loads a model file. */
        @JvmStatic
        @JvmOverloads
        public fun load(file: File, options: LoadOptions = LoadOptions()): Model = load(file.path, options)

        /** Loads the model file at a path. */
        @JvmStatic
        @JvmOverloads
        public fun load(path: Path, options: LoadOptions = LoadOptions()): Model = load(path.toString(), options)

        /** Loads a model from memory, of which it keeps a copy. */
        @JvmStatic
        @JvmOverloads
        public fun load(bytes: ByteArray, options: LoadOptions = LoadOptions()): Model =
            Tensor.of(bytes).use { load(it, options) }

        /** Loads a model from the bytes from a buffer's position to its limit, of which it keeps a copy. */
        @JvmStatic
        @JvmOverloads
        public fun load(bytes: ByteBuffer, options: LoadOptions = LoadOptions()): Model =
            Tensor.of(ElementType.UINT8, bytes, bytes.remaining().toLong()).use { load(it, options) }

        /**
         * Loads a part of the file of an open descriptor, such as a model that is stored uncompressed in an archive. The descriptor may be closed
         * when the load is over.
         *
         * @param descriptor the number of the descriptor
         * @param offset where the part begins, in bytes
         * @param length how many bytes it has; negative for all to the end
         */
        @JvmStatic
        @JvmOverloads
        public fun load(descriptor: Int, offset: Long, length: Long, options: LoadOptions = LoadOptions()): Model =
            options.loading { Model(FfiModel.load(part(descriptor, offset, length), it)) }

        /** Loads the model file at a path on a thread of Dunlin's. Cancelling the coroutine ends the load. */
        public suspend fun loadAsync(path: String, options: LoadOptions = LoadOptions()): Model =
            options.loading { Model(FfiModel.loadAsync(Source.Path(path), it)) }

        /** Loads a part of the file of an open descriptor on a thread of Dunlin's, as [load] and [loadAsync]. */
        public suspend fun loadAsync(
            descriptor: Int,
            offset: Long,
            length: Long,
            options: LoadOptions = LoadOptions(),
        ): Model = options.loading { Model(FfiModel.loadAsync(part(descriptor, offset, length), it)) }

        private fun load(bytes: Tensor, options: LoadOptions): Model = bytes.held.use { ffi ->
            options.loading { Model(FfiModel.load(Source.Memory(ffi), it)) }
        }

        private fun part(descriptor: Int, offset: Long, length: Long): Source {
            val nBytes = if (length < 0) null else length.toULong()
            return Source.Descriptor(descriptor, requireNotNegative(offset, "offset").toULong(), nBytes)
        }
    }
}
