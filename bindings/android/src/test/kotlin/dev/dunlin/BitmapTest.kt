// Pictures as tensors, held against the formula for each pixel, and a picture of a digit all the way.

package dev.dunlin

import android.graphics.Bitmap
import android.graphics.Color
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

@RunWith(RobolectricTestRunner::class)
class BitmapTest {
    /** Three by two pixels, no two colours alike. */
    private val colours = IntArray(6) { Color.rgb(40 * it, 255 - 30 * it, 7 * it + 1) }

    private fun picture(colours: IntArray = this.colours, width: Int = 3) =
        Bitmap.createBitmap(colours, width, colours.size / width, Bitmap.Config.ARGB_8888)

    private fun channels(colour: Int) = listOf(Color.red(colour), Color.green(colour), Color.blue(colour))

    @Test
    fun `planes of colours`() {
        val tensor = Tensor.fromBitmap(picture())
        assertEquals("float32[1, 3, 2, 3]", tensor.toString())
        val expected = (0..2).flatMap { channel -> colours.map { channels(it)[channel] / 255f } }
        assertArrayEquals(expected.toFloatArray(), tensor.floats(), 1e-6f)
    }

    @Test
    fun `colours side by side, scaled`() {
        val (mean, deviation) = floatArrayOf(.485f, .456f, .406f) to floatArrayOf(.229f, .224f, .225f)
        val expected = colours.flatMap { colour ->
            channels(colour).mapIndexed { i, value -> (value / 255f - mean[i]) / deviation[i] }
        }
        for (scale in listOf(PixelScale.IMAGENET, PixelScale(mean, deviation))) {
            val tensor = Tensor.fromBitmap(picture(), PixelLayout.NHWC, scale)
            assertEquals("float32[1, 2, 3, 3]", tensor.toString())
            assertArrayEquals(expected.toFloatArray(), tensor.floats(), 1e-5f)
        }
    }

    @Test
    fun `several pictures are one tensor`() {
        val other = colours.reversedArray()
        for (layout in PixelLayout.entries) {
            val both = Tensor.fromBitmaps(listOf(picture(), picture(other)), layout, PixelScale.SYMMETRIC)
            val each = listOf(picture(), picture(other)).map { Tensor.fromBitmap(it, layout, PixelScale.SYMMETRIC).floats() }
            assertEquals(2L, both.shape[0])
            assertArrayEquals(each[0] + each[1], both.floats(), 0f)
        }
        assertThrows(IllegalArgumentException::class.java) { Tensor.fromBitmaps(emptyList()) }
        assertThrows(IllegalArgumentException::class.java) { Tensor.fromBitmaps(listOf(picture(), picture(width = 2))) }
        assertThrows(IllegalArgumentException::class.java) { PixelScale(FloatArray(3), FloatArray(3)) }
        assertThrows(IllegalArgumentException::class.java) { PixelScale(FloatArray(1), FloatArray(3)) }
    }

    @Test
    fun `a picture shows a seven`() {
        val grey = Samples.seven().map { (it * 255).toInt() }.map { Color.rgb(it, it, it) }.toIntArray()
        val planes = Tensor.fromBitmap(picture(grey, 28)).floats()
        Model.load(Samples.digits).use { model ->
            val image = Tensor.of(planes.copyOf(28 * 28), 1, 1, 28, 28)
            val probabilities = model.run(mapOf("image" to image)).tensor("probabilities").floats()
            assertEquals(7, probabilities.indexOfMax())
            assertTrue(probabilities[7] > .99f)
        }
    }
}
