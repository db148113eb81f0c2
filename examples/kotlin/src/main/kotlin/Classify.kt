// Classifies the picture of a digit.
//
//     cargo xtask kotlin
//     mvn -q -f examples/kotlin compile exec:java -Dexec.args="examples/digits/digits.onnx examples/digits/seven.pgm"

import dev.dunlin.Model
import dev.dunlin.Tensor
import java.io.File
import java.util.Locale

/** Reads a PGM of 28 by 28 bytes as floats from 0 to 1. */
fun readPicture(path: String): FloatArray {
    val pixels = File(path).readBytes().takeLast(28 * 28)
    return FloatArray(pixels.size) { (pixels[it].toInt() and 255) / 255f }
}

fun main(args: Array<String>) {
    val (model, picture) = args
    Model.load(model).use {
        val outputs = it.run(Tensor.of(readPicture(picture), 1, 1, 28, 28))
        val probabilities = outputs.tensor("probabilities").floats()
        val best = probabilities.indices.maxBy(probabilities::get)
        println("%d with %.1f %%".format(Locale.ROOT, best, 100 * probabilities[best]))
    }
}
