// What the tests run: the digit model of the examples, its pictures, and ONNX Runtime's answers.

package dev.dunlin

import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.zip.ZipFile

internal object Samples {
    val repository = File(System.getProperty("dunlin.repository") ?: "../..").canonicalFile
    val digits = File(repository, "examples/digits/digits.onnx")

    /** Adds a scalar to any number of rows of three. */
    val addition = File(repository, "tests/scenarios/models/add_float32.onnx")

    /** A picture of a seven: [1, 1, 28, 28], from 0 to 1. */
    fun seven(): FloatArray {
        val bytes = File(repository, "examples/digits/seven.pgm").readBytes()
        val pixels = bytes.copyOfRange(bytes.size - 28 * 28, bytes.size)
        return FloatArray(pixels.size) { (pixels[it].toInt() and 255) / 255f }
    }

    /** An array that ONNX Runtime's answers are kept in: what was asked, or what it answered. */
    fun reference(name: String): FloatArray = ZipFile(File(repository, "examples/digits/reference.npz")).use { zip ->
        val bytes = zip.getInputStream(zip.getEntry("$name.npy")).readBytes()
        val start = 10 + ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getShort(8)
        val data = ByteBuffer.wrap(bytes, start, bytes.size - start).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
        FloatArray(data.remaining()).also(data::get)
    }

    private val isLong get() = System.getProperty("dunlin.long") == "true"

    /** So many times a test of leaks repeats. */
    val repetitions = if (isLong) 100_000 else 1_000

    /** So many times it loads. */
    val loads = if (isLong) 100_000 else 100

    /** Enough pictures for a run that takes a while. */
    fun manyImages(): Tensor = Tensor.of(FloatArray(4_000 * 28 * 28), 4_000, 1, 28, 28)

    /** Bytes of memory that the process holds. */
    fun residentBytes(): Long =
        File("/proc/self/statm").readText().split(' ')[1].toLong() * 4096
}

internal fun FloatArray.indexOfMax(): Int = indices.maxBy { this[it] }
