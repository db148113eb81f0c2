// Sessions: repeated runs that keep buffers and states.

package dev.dunlin

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.map
import dev.dunlin.ffi.Session as FfiSession

/**
 * Repeated runs of one model, with kept buffers and the model's states ([LoadOptions.states]).
 *
 * One call at a time: a second one fails with [DunlinException.Busy]. It does not end with its model.
 */
public class Session internal constructor(ffi: FfiSession, private val running: Running) : AutoCloseable {
    private val held = Held(ffi, "session")

    /**
     * Runs the model on inputs by name. Those that are states may be left out from the second run on.
     *
     * @throws DunlinException as [Model.run]; states are then as before the run
     */
    @JvmOverloads
    public fun run(inputs: Map<String, Value>, options: RunOptions? = null): Outputs = held.use { ffi ->
        running.run(inputs.keys.toList(), inputs.values.toList(), options, ffi::run)
    }

    /** Runs the model on inputs in its order; otherwise as with names. */
    public fun run(vararg inputs: Value, options: RunOptions? = null): Outputs = held.use { ffi ->
        running.run(List(inputs.size) { null }, inputs.asList(), options, ffi::run)
    }

    /** Runs the model on threads of Dunlin's, as [Model.runAsync]. Cancelling the coroutine cancels the run. */
    public suspend fun runAsync(inputs: Map<String, Value>, options: RunOptions? = null): Outputs = held.use { ffi ->
        running.run(inputs.keys.toList(), inputs.values.toList(), options) { values, choices ->
            ffi.runAsync(values, choices)
        }
    }

    /**
     * Runs the model on each of a stream of inputs, in order: pieces of a sound, pictures of a film. The outputs are the collector's; inputs stay
     * whoever's they are.
     */
    public fun runs(inputs: Flow<Map<String, Value>>, options: RunOptions? = null): Flow<Outputs> =
        inputs.map { runAsync(it, options) }

    /**
     * Sets a state by the name of its input.
     *
     * @throws DunlinException.NotFound if no such state was declared
     */
    public fun setState(input: String, value: Tensor) {
        held.use { ffi -> value.held.use { calling { ffi.setState(input, it) } } }
    }

    /**
     * A state by the name of its input; null before the first run.
     *
     * @throws DunlinException.NotFound if no such state was declared
     */
    public fun state(input: String): Value? = held.use { ffi -> calling { ffi.state(input) }?.let(Value::of) }

    /** Forgets all states: the next run starts anew. */
    public fun reset() {
        held.use { ffi -> calling { ffi.reset() } }
    }

    /** Frees the session, when a run that is under way has ended. */
    override fun close() {
        held.close()
    }
}
