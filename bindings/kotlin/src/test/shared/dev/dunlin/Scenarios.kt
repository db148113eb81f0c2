// Runs the scenarios of tests/scenarios, which every language runs, on the JVM and as Android would.

package dev.dunlin

import com.google.gson.Gson
import com.google.gson.JsonArray
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64
import kotlin.math.abs

/** Runs scenarios, and keeps what came of them for [write]. */
internal class Scenarios(private val target: String) {
    private val folder = File(Samples.repository, "tests/scenarios")
    private val results = JsonObject()

    /** All there are, in order. */
    val files: List<File> = folder.listFiles { file -> file.extension == "json" }.orEmpty().sorted()

    /** Runs one; throws what is wrong with its answers. */
    fun check(file: File) {
        val result = JsonObject()
        val outputs = JsonArray()
        result.add("outputs", outputs)
        results.add(file.nameWithoutExtension, result)
        val outcome = runCatching { run(JsonParser.parseString(file.readText()).asJsonObject, outputs) }
        result.addProperty("ok", outcome.isSuccess)
        result.addProperty("why", outcome.exceptionOrNull()?.toString().orEmpty())
        outcome.getOrThrow()
    }

    /** Writes what came of them into the file that `DUNLIN_SCENARIOS_OUT` names, if it does. */
    fun write() {
        val out = System.getenv("DUNLIN_SCENARIOS_OUT") ?: return
        val all = JsonObject()
        all.addProperty("target", target)
        all.addProperty("isa", Dunlin.instructionSet)
        all.add("scenarios", results)
        File(out).writeText(Gson().toJson(all))
    }

    private fun run(scenario: JsonObject, results: JsonArray) {
        val options = LoadOptions().apply {
            threads = scenario["threads"]?.asInt ?: 1
            scenario["states"]?.asJsonArray?.forEach { states[it.asJsonArray[0].asString] = it.asJsonArray[1].asString }
        }
        val path = File(Samples.repository, scenario["model"].asString).path
        val failure = scenario["load_error"]?.asJsonObject
        if (failure != null) return fails(failure) { Model.load(path, options) }
        Model.load(path, options).use { model ->
            val session = if (scenario["session"].asBoolean) model.session() else null
            for (step in scenario["steps"].asJsonArray.map { it.asJsonObject }) {
                val inputs = step["inputs"].asJsonObject.asMap().mapValues { tensor(it.value.asJsonObject) }
                val run = { session?.run(inputs) ?: model.run(inputs) }
                step["error"]?.let { return@let fails(it.asJsonObject) { run() } }
                    ?: run().use { outputs -> compare(step, outputs).also { results.add(raw(outputs)) } }
            }
            session?.close()
        }
    }

    private fun fails(expected: JsonObject, call: () -> Unit) {
        val error = runCatching(call).exceptionOrNull()
        check(error is DunlinException && error.kind == expected["kind"].asString) { "expected $expected, got $error" }
        expected["mentions"]?.asJsonArray?.forEach { word ->
            check(word.asString in error.message.orEmpty()) { "$error does not mention $word" }
        }
    }

    private fun compare(step: JsonObject, outputs: Outputs) {
        val expected = step["outputs"].asJsonObject
        val (relative, absolute) = step["relative"].asDouble to step["absolute"].asDouble
        for ((name, value) in expected.entrySet()) {
            val (got, wanted) = outputs.tensor(name) to tensor(value.asJsonObject)
            check(got.toString() == wanted.toString()) { "$name is $got, not $wanted" }
            if (got.type == ElementType.STRING) {
                check(got.strings() == wanted.strings()) { "$name is ${got.strings()}" }
                continue
            }
            val (a, b) = numbers(got) to numbers(wanted)
            for (i in a.indices) {
                val isNear = a[i] == b[i] || (a[i].isNaN() && b[i].isNaN())
                check(isNear || abs(a[i] - b[i]) <= absolute + relative * abs(b[i])) { "$name[$i] is ${a[i]}, not ${b[i]}" }
            }
        }
    }

    private fun tensor(json: JsonObject): Tensor {
        val shape = json["shape"].asJsonArray.map { it.asLong }.toLongArray()
        val name = json["dtype"].asString
        if (name == "string") {
            val strings = json["strings"].asJsonArray.map { it.asString }
            return if (shape.isEmpty()) Tensor.scalar(strings.single()) else Tensor.of(strings, *shape)
        }
        val bytes = Base64.getDecoder().decode(json["data"].asString)
        return Tensor.of(ElementType.valueOf(name.uppercase()), ByteBuffer.wrap(bytes), *shape)
    }

    /** The elements as numbers; 64-bit integers beyond 2^53 are compared by their bits before. */
    private fun numbers(tensor: Tensor): DoubleArray {
        val data = ByteBuffer.wrap(tensor.bytes()).order(ByteOrder.LITTLE_ENDIAN)
        return when (tensor.type) {
            ElementType.FLOAT32 -> DoubleArray(data.remaining() / 4) { data.getFloat(4 * it).toDouble() }
            ElementType.FLOAT64 -> DoubleArray(data.remaining() / 8) { data.getDouble(8 * it) }
            ElementType.FLOAT16 -> DoubleArray(data.remaining() / 2) { half(data.getShort(2 * it).toInt()) }
            ElementType.BFLOAT16 -> DoubleArray(data.remaining() / 2) {
                Float.fromBits(data.getShort(2 * it).toInt() shl 16).toDouble()
            }
            ElementType.INT64 -> DoubleArray(data.remaining() / 8) { data.getLong(8 * it).toDouble() }
            ElementType.UINT64 -> DoubleArray(data.remaining() / 8) { data.getLong(8 * it).toULong().toDouble() }
            ElementType.INT32 -> DoubleArray(data.remaining() / 4) { data.getInt(4 * it).toDouble() }
            ElementType.UINT32 -> DoubleArray(data.remaining() / 4) { data.getInt(4 * it).toUInt().toDouble() }
            ElementType.INT16 -> DoubleArray(data.remaining() / 2) { data.getShort(2 * it).toDouble() }
            ElementType.UINT16 -> DoubleArray(data.remaining() / 2) { data.getShort(2 * it).toUShort().toDouble() }
            ElementType.INT8 -> DoubleArray(data.remaining()) { data.get(it).toDouble() }
            ElementType.UINT8, ElementType.BOOL -> DoubleArray(data.remaining()) { data.get(it).toUByte().toDouble() }
            else -> error("no scenario has ${tensor.type}")
        }
    }

    private fun half(bits: Int): Double {
        val (exponent, mantissa) = (bits shr 10 and 31) to (bits and 1023)
        val size = when (exponent) {
            0 -> Math.scalb(mantissa.toDouble(), -24)
            31 -> if (mantissa == 0) Double.POSITIVE_INFINITY else Double.NaN
            else -> Math.scalb(1024.0 + mantissa, exponent - 25)
        }
        return if (bits and 0x8000 != 0) -size else size
    }

    private fun raw(outputs: Outputs): JsonObject {
        val all = JsonObject()
        outputs.keys.forEach { name ->
            val tensor = outputs.tensor(name)
            val bytes =
                if (tensor.type == ElementType.STRING) tensor.strings().joinToString("\n").toByteArray() else tensor.bytes()
            all.addProperty(name, Base64.getEncoder().encodeToString(bytes))
        }
        return all
    }
}
