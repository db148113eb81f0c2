// Choices for loading a model.

package dev.dunlin

import dev.dunlin.ffi.External
import dev.dunlin.ffi.Limit
import dev.dunlin.ffi.LimitOf
import dev.dunlin.ffi.Log
import dev.dunlin.ffi.Progress
import dev.dunlin.ffi.State
import dev.dunlin.ffi.Cancel as FfiCancel
import dev.dunlin.ffi.Fallback as FfiFallback
import dev.dunlin.ffi.LoadOptions as FfiLoadOptions
import dev.dunlin.ffi.LogLevel as FfiLogLevel
import dev.dunlin.ffi.Pool as FfiPool
import dev.dunlin.ffi.Stage as FfiStage

/** Choices for loading a model, all at their defaults. They may be used for any number of loads. */
public class LoadOptions {
    /** Threads of the model's own pool, the callers of runs included; 0 for as many as the process may use. */
    public var threads: Int = 0

    /** A pool that other models use too, in place of an own one. */
    public var pool: Pool? = null

    /** The device to run on: `cpu` if null. See [Dunlin.devices]. */
    public var device: String? = null

    /** What happens to nodes that the device cannot run. */
    public var fallback: Fallback = Fallback.REPORT

    /** Whether the model's files are copied into memory. If not, they are mapped, and must not be shortened while the model lives. */
    public var copyFiles: Boolean = false

    /** What loading and running may use at most, where it is to be other than the defaults. */
    public val limits: MutableMap<LimitKind, Long> = mutableMapOf()

    /** Passes of the optimiser that are switched off, by name. */
    public val disabledPasses: MutableSet<String> = linkedSetOf()

    /** States: after each run of a session, the output of this name becomes the next run's input of that. Inputs to outputs. */
    public val states: MutableMap<String, String> = linkedMapOf()

    /** For how many sets of input shapes the model remembers the results of shape arithmetic. */
    public var maxCachedShapes: Int = 16

    /** Ends loading early. */
    public var cancel: Cancel? = null

    /** How many milliseconds the load may take; 0 for any number. */
    public var timeoutMillis: Long = 0

    /** Is told how far loading has come, from the loading thread: `fraction` goes from 0 to 1. What it throws is thrown by the load. */
    public var progress: ((stage: Stage, fraction: Float) -> Unit)? = null

    /** Is given lines about the load, from the loading thread. What it throws is thrown by the load. */
    public var log: ((level: LogLevel, line: String) -> Unit)? = null

    /** Which lines those are: of this level and what matters more. */
    public var logLevel: LogLevel = LogLevel.WARNING

    /**
     * The contents of files that the model keeps weights in, by the names that it calls them by, for models that have no folder. Where one is
     * given, no folder is looked into. The tensors (of any type) are used and not copied; they stay the caller's.
     */
    public val externals: MutableMap<String, Tensor> = linkedMapOf()
}

/** What happens to nodes that the device cannot run. */
public enum class Fallback {
    /** Loading fails with [DunlinException.Placement] and names them. */
    DENY,

    /** They run on the CPU, and the report lists them with the reason. */
    REPORT,

    /** They run on the CPU; the report still lists them, but nothing is logged. */
    ALLOW,
}

/** The stages of loading. */
public enum class Stage {
    /** The file is checked and its graph built. */
    READ,

    /** The graph is simplified and fused. */
    OPTIMIZE,

    /** Weights are packed and the steps laid out. */
    PLAN,

    /** The model is ready. */
    DONE,
}

/** How much a line of the log matters. */
public enum class LogLevel {
    /** Something that a user of the model should know: nodes that do not run where they were asked to. */
    WARNING,

    /** What was loaded and how. */
    INFO,

    /** Details for somebody who looks for a reason. */
    DEBUG,
}

/** What a limit is of. */
public enum class LimitKind {
    /** Bytes of the model's file. */
    FILE_BYTES,

    /** Bytes that the decoded file may take, weights not counted. */
    DECODED_BYTES,

    /** Nodes of the model. */
    NODES,

    /** Bytes of one tensor, in the file and in a run. */
    TENSOR_BYTES,

    /** Bytes of all tensors that one run holds at a time. */
    RUN_BYTES,

    /** Steps of one loop. */
    LOOP_STEPS,

    /** Dimensions of a tensor. */
    RANK,

    /** Bytes of one string. */
    STRING_BYTES,
}

/** Loads with these choices. What a callback threw ends the load and is thrown again here: no exception can cross the native library. */
internal inline fun <R : AutoCloseable> LoadOptions.loading(load: (FfiLoadOptions) -> R): R {
    val own = calling { FfiCancel() }
    val callbacks = Callbacks(this, own)
    val (host, threads) = cancel?.held to pool?.held
    val shared = threads?.acquire()
    try {
        val loaded = externals.values.toList().using { contents ->
            val switch = host?.acquire() ?: own
            try {
                calling { load(choices(callbacks, switch, shared, externals.keys.zip(contents, ::External))) }
            } finally {
                host?.release()
            }
        }
        callbacks.thrown?.let { thrown ->
            loaded.close()
            throw thrown
        }
        return loaded
    } catch (failure: DunlinException) {
        throw callbacks.thrown ?: failure
    } finally {
        threads?.release()
        own.destroy()
    }
}

/** The binding's choices. */
internal fun LoadOptions.choices(
    callbacks: Callbacks,
    cancel: FfiCancel,
    pool: FfiPool?,
    externals: List<External>,
): FfiLoadOptions = FfiLoadOptions(
    threads = requireNotNegative(threads, "threads").toUInt(),
    pool = pool,
    device = device,
    fallback = FfiFallback.valueOf(fallback.name),
    copyFiles = copyFiles,
    limits = limits.map { (kind, most) -> Limit(LimitOf.valueOf(kind.name), requireNotNegative(most, "limit").toULong()) },
    disabledPasses = disabledPasses.toList(),
    states = states.map { (input, output) -> State(input, output) },
    maxCachedShapes = requireNotNegative(maxCachedShapes, "cached shapes").toUInt(),
    cancel = cancel,
    timeoutMs = requireNotNegative(timeoutMillis, "timeout").toULong(),
    progress = callbacks.takeIf { progress != null },
    log = callbacks.takeIf { log != null },
    logLevel = FfiLogLevel.valueOf(logLevel.name),
    externals = externals,
)

/** Calls the host's functions, and keeps what the first of them throws. */
internal class Callbacks(private val options: LoadOptions, private val own: FfiCancel) : Progress, Log {
    @Volatile
    var thrown: Throwable? = null
        private set

    override fun progressed(stage: FfiStage, fraction: Float) {
        guarded { options.progress?.invoke(Stage.valueOf(stage.name), fraction) }
    }

    override fun wrote(level: FfiLogLevel, line: String) {
        guarded { options.log?.invoke(LogLevel.valueOf(level.name), line) }
    }

    private inline fun guarded(call: () -> Unit) {
        try {
            if (thrown == null) call()
        } catch (error: Throwable) {
            thrown = error
            own.cancel()
        }
    }
}
