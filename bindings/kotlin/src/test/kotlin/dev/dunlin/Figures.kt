// Measures what a call costs; not a test, for it needs a quiet machine. `cargo xtask kotlin --figures` runs it.

package dev.dunlin

import java.io.File

/** Prints a table; arguments are models that take one picture of 640 by 640. */
fun main(models: Array<String>) {
    fun row(what: String, nanoseconds: Double) = println("%-60s %12.2f us".format(what, nanoseconds / 1000))
    val alone = LoadOptions().apply { threads = 1 }
    val switch = Cancel()
    row("an empty call (Cancel.isCancelled)", median(2_000) { switch.isCancelled })
    val (few, pixels) = FloatArray(3) to FloatArray(3 * 640 * 640)
    row("Tensor.of 3 floats, and close", median(500) { Tensor.of(few, 1, 3).close() })
    row("Tensor.of a picture of 640 x 640 x 3 floats, and close", median(5) { Tensor.of(pixels, 1, 3, 640, 640).close() })
    Model.load(Samples.addition, alone).use { model ->
        val one = Tensor.scalar(1f)
        val small = mapOf("x" to Tensor.of(few, 1, 3), "y" to one)
        row("Model.run of one small addition, and close", median(500) { model.run(small).close() })
        row("adding to a picture: Tensor.of, run, close", median(5) {
            Tensor.of(pixels, 640 * 640, 3).use { model.run(mapOf("x" to it, "y" to one)).close() }
        })
    }
    for (path in models) {
        Model.load(path, alone).use { model ->
            row("${File(path).name} on a picture: Tensor.of, run, close", median(1, 11) {
                Tensor.of(pixels, 1, 3, 640, 640).use { model.run(it).close() }
            })
        }
    }
}

/** The median nanoseconds of a call, over batches of [n], after enough of them that all is compiled. */
private fun median(n: Int, batches: Int = 101, call: () -> Unit): Double {
    repeat(n * batches / 2) { call() }
    val times = List(batches) {
        val start = System.nanoTime()
        repeat(n) { call() }
        (System.nanoTime() - start).toDouble() / n
    }
    return times.sorted()[batches / 2]
}
