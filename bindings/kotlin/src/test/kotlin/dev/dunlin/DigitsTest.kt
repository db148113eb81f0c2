// Loading and running, held against the known digit and ONNX Runtime's answers.

package dev.dunlin

import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer
import java.nio.ByteOrder

class DigitsTest {
    @Test
    fun `the picture shows a seven`() {
        Model.load(Samples.digits).use { model ->
            val image = Tensor.of(Samples.seven(), 1, 1, 28, 28)
            model.run(mapOf("image" to image)).use { outputs ->
                val probabilities = outputs.tensor("probabilities").floats()
                assertEquals(7, probabilities.indexOfMax())
                assertTrue(probabilities[7] > 0.99f)
                assertEquals(listOf(1L, 10L), outputs.tensor(0).shape.toList())
            }
        }
    }

    @Test
    fun `answers are those of ONNX Runtime, from wherever the model comes`() {
        val bytes = Samples.digits.readBytes()
        val direct = ByteBuffer.allocateDirect(bytes.size).put(bytes).flip() as ByteBuffer
        val models = listOf(
            Model.load(Samples.digits.path),
            Model.load(Samples.digits.toPath()),
            Model.load(bytes),
            Model.load(direct),
            Model.load(ByteBuffer.wrap(bytes)),
        )
        val images = Tensor.of(Samples.reference("image"), 16, 1, 28, 28)
        for (model in models) {
            val answers = model.run(images).tensor(0).floats()
            assertArrayEquals(Samples.reference("probabilities"), answers, 1e-5f)
            model.close()
        }
    }

    @Test
    fun `a part of an open file is a model`() {
        val archive = kotlin.io.path.createTempFile("dunlin").toFile()
        try {
            archive.writeBytes(ByteArray(100) + Samples.digits.readBytes() + ByteArray(50))
            java.io.RandomAccessFile(archive, "r").use {
                val descriptor = descriptorOf(archive)
                Model.load(descriptor, 100, Samples.digits.length()).use { model ->
                    assertEquals("image", model.info.inputs.single().name)
                }
            }
        } finally {
            archive.delete()
        }
    }

    /** The number that this process has the file open under. */
    private fun descriptorOf(file: java.io.File): Int = java.io.File("/proc/self/fd").listFiles().orEmpty()
        .first { runCatching { it.canonicalPath == file.canonicalPath }.getOrDefault(false) }.name.toInt()

    @Test
    fun `a model tells what it is`() {
        val stages = mutableListOf<Pair<Stage, Float>>()
        val lines = mutableListOf<String>()
        val options = LoadOptions().apply {
            threads = 1
            progress = { stage, fraction -> stages.add(stage to fraction) }
            log = { _, line -> lines.add(line) }
            logLevel = LogLevel.INFO
        }
        Model.load(Samples.digits, options).use { model ->
            val input = model.info.inputs.single()
            assertEquals(listOf<Long>(-1, 1, 28, 28), input.dims)
            assertEquals(ElementType.FLOAT32, input.type)
            assertTrue(model.report.nodes.all { it.backend == "cpu" && it.fallback == null })
            assertTrue(model.report.json.startsWith("{"))
            assertTrue(model.memory(longArrayOf(1, 1, 28, 28)).bytes > 0)
        }
        assertEquals(Stage.DONE to 1f, stages.last())
        assertTrue(lines.any { "nodes" in it }, lines.toString())
    }

    @Test
    fun `a report tells what each node took`() {
        Model.load(Samples.digits).use { model ->
            val image = Tensor.of(Samples.seven(), 1, 1, 28, 28)
            val report = model.run(image, options = RunOptions().apply { report = true }).report!!
            assertTrue(report.nodes.isNotEmpty())
            assertTrue(report.nodes.sumOf { it.nanoseconds } <= report.nanoseconds)
            assertTrue(report.json.contains("\"nodes\""))
        }
    }

    @Test
    fun `models share a pool, and the build tells what it has`() {
        Pool(2).use { shared ->
            assertEquals(2, shared.threads)
            val options = LoadOptions().apply { pool = shared }
            val models = List(2) { Model.load(Samples.digits, options) }
            val image = Tensor.of(Samples.seven(), 1, 1, 28, 28)
            val answers = models.map { it.run(image).tensor(0).bytes().toList() }
            assertEquals(answers[0], answers[1])
        }
        assertTrue(Dunlin.has("op:Conv") && Dunlin.has("onnx") && !Dunlin.has("op:NoSuch"))
        assertTrue("cpu" in Dunlin.devices)
        assertEquals("0.1.0", Dunlin.version)
    }

    @Test
    fun `a buffer outlives its tensor`() {
        val buffer = Tensor.of(floatArrayOf(1f, 2f, 3f)).run {
            val view = buffer()
            close()
            view
        }
        System.gc()
        assertTrue(buffer.isReadOnly && buffer.order() == ByteOrder.nativeOrder())
        assertEquals(2f, buffer.asFloatBuffer().get(1))
    }
}
