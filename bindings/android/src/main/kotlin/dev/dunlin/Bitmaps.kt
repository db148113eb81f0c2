// Pictures as tensors.

@file:JvmName("Bitmaps")

package dev.dunlin

import android.graphics.Bitmap
import com.sun.jna.Pointer

/** How the three colours of pictures lie in a tensor. */
public enum class PixelLayout {
    /** A plane of red, then green, then blue: `[n, 3, height, width]`, as most models of PyTorch want it. */
    NCHW,

    /** Red, green and blue of each pixel side by side: `[n, height, width, 3]`, as most models of TensorFlow want it. */
    NHWC,
}

/**
 * How colours become numbers: `(value / 255 - mean) / deviation`, each for red, green and blue.
 *
 * @param mean three numbers from 0 to 1
 * @param deviation three numbers, none of them 0
 */
public class PixelScale(mean: FloatArray, deviation: FloatArray) {
    init {
        require(mean.size == 3 && deviation.size == 3) { "three colours have ${mean.size} means, ${deviation.size} deviations" }
        require(deviation.none { it == 0f }) { "a deviation is 0" }
    }

    /** What each of a colour's 256 values becomes. */
    internal val tables: Array<FloatArray> =
        Array(3) { colour -> FloatArray(256) { (it / 255f - mean[colour]) / deviation[colour] } }

    /** Scales that many models were trained with. */
    public companion object {
        /** From 0 to 1. */
        @JvmField
        public val UNIT: PixelScale = PixelScale(FloatArray(3), floatArrayOf(1f, 1f, 1f))

        /** From -1 to 1. */
        @JvmField
        public val SYMMETRIC: PixelScale = PixelScale(floatArrayOf(.5f, .5f, .5f), floatArrayOf(.5f, .5f, .5f))

        /** The means and deviations of ImageNet. */
        @JvmField
        public val IMAGENET: PixelScale =
            PixelScale(floatArrayOf(.485f, .456f, .406f), floatArrayOf(.229f, .224f, .225f))
    }
}

/**
 * A tensor of `float32` of one picture, in one pass over its pixels. Its size is the picture's; alpha is left out.
 *
 * @throws IllegalStateException for a recycled picture, and for one in the graphics processor's memory (`Bitmap.Config.HARDWARE`)
 */
@JvmOverloads
public fun Tensor.Companion.fromBitmap(
    bitmap: Bitmap,
    layout: PixelLayout = PixelLayout.NCHW,
    scale: PixelScale = PixelScale.UNIT,
): Tensor = fromBitmaps(listOf(bitmap), layout, scale)

/**
 * A tensor of `float32` of several pictures of one size, as [fromBitmap].
 *
 * @throws IllegalArgumentException for no pictures, and for pictures of several sizes
 */
@JvmOverloads
public fun Tensor.Companion.fromBitmaps(
    bitmaps: List<Bitmap>,
    layout: PixelLayout = PixelLayout.NCHW,
    scale: PixelScale = PixelScale.UNIT,
): Tensor {
    require(bitmaps.isNotEmpty()) { "there are no pictures" }
    val (width, height) = bitmaps[0].width to bitmaps[0].height
    bitmaps.forEach {
        require(it.width == width && it.height == height) { "a picture of ${it.width} x ${it.height} among those of $width x $height" }
    }
    val (n, h, w) = Triple(bitmaps.size.toLong(), height.toLong(), width.toLong())
    val sizes = if (layout == PixelLayout.NCHW) listOf(n, 3L, h, w) else listOf(n, h, w, 3L)
    val pictureBytes = 3L * Float.SIZE_BYTES * h * w
    return filled(ElementType.FLOAT32, sizes, n * pictureBytes) { to ->
        val rows = Rows(width, height, layout, scale)
        bitmaps.forEachIndexed { i, bitmap -> rows.write(bitmap, to.share(i * pictureBytes)) }
    }
}

/** Writes pictures row by row: what it holds meanwhile is one row. */
private class Rows(private val width: Int, private val height: Int, private val layout: PixelLayout, scale: PixelScale) {
    private val tables = scale.tables
    private val pixels = IntArray(width)
    private val row = FloatArray(3 * width)
    private val rowBytes = Float.SIZE_BYTES * width.toLong()

    fun write(bitmap: Bitmap, to: Pointer) {
        for (y in 0 until height) {
            bitmap.getPixels(pixels, 0, width, 0, y, width, 1)
            if (layout == PixelLayout.NCHW) writePlanes(to, y) else writePixels(to, y)
        }
    }

    private fun writePlanes(to: Pointer, y: Int) {
        spread(1, width)
        for (colour in 0..2) {
            to.write(rowBytes * (colour.toLong() * height + y), row, colour * width, width)
        }
    }

    private fun writePixels(to: Pointer, y: Int) {
        spread(3, 1)
        to.write(3 * rowBytes * y, row, 0, row.size)
    }

    /** Puts the row's numbers [pixelStep] apart from pixel to pixel, and [colourStep] from colour to colour. */
    private fun spread(pixelStep: Int, colourStep: Int) {
        val (red, green, blue) = tables
        var at = 0
        for (pixel in pixels) {
            row[at] = red[pixel shr 16 and 255]
            row[at + colourStep] = green[pixel shr 8 and 255]
            row[at + 2 * colourStep] = blue[pixel and 255]
            at += pixelStep
        }
    }
}
