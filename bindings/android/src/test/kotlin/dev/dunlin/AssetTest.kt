// Models from the assets of a package that holds one as it is and one compressed.

package dev.dunlin

import android.app.Application
import android.content.res.AssetFileDescriptor
import android.content.res.AssetManager
import android.os.ParcelFileDescriptor
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.util.ReflectionHelpers
import java.util.zip.CRC32
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream

@RunWith(RobolectricTestRunner::class)
class AssetTest {
    @get:Rule
    val folder = TemporaryFolder()

    private lateinit var assets: AssetManager

    @Before
    fun addPackage() {
        val file = folder.newFile("test.apk")
        val model = Samples.digits.readBytes()
        ZipOutputStream(file.outputStream()).use { zip ->
            zip.stored("assets/digits.onnx", model)
            zip.stored("assets/damaged.onnx", model.copyOf(5_000))
            zip.deflated("assets/models/compressed.onnx", model)
        }
        assets = (RuntimeEnvironment.getApplication() as Application).assets
        val path = ReflectionHelpers.ClassParameter.from(String::class.java, file.path)
        val cookie = ReflectionHelpers.callInstanceMethod<Int>(assets, "addAssetPath", path)
        assertTrue("no package", cookie != 0)
    }

    @Test
    fun `an asset is a model`() {
        Model.fromAsset(assets, "digits.onnx").use(::answersAsOnnxRuntime)
        runBlocking { Model.fromAssetAsync(assets, "digits.onnx", LoadOptions().apply { threads = 1 }) }
            .use(::answersAsOnnxRuntime)
    }

    @Test
    fun `a part of a file is a model`() {
        val archive = folder.newFile()
        archive.writeBytes(ByteArray(100) + Samples.digits.readBytes() + ByteArray(50))
        val descriptor = ParcelFileDescriptor.open(archive, ParcelFileDescriptor.MODE_READ_ONLY)
        AssetFileDescriptor(descriptor, 100, Samples.digits.length()).use { part ->
            Model.load(part).use(::answersAsOnnxRuntime)
        }
    }

    @Test
    fun `a compressed asset tells how to store it`() {
        val error = assertThrows(DunlinException.Unsupported::class.java) { Model.fromAsset(assets, "models/compressed.onnx") }
        assertEquals("unsupported", error.kind)
        assertEquals("models/compressed.onnx", error.file)
        assertTrue(error.message!!, "noCompress += \"onnx\"" in error.message!!)
    }

    @Test
    fun `an asset that is not there, and one that is no model`() {
        val missing = assertThrows(DunlinException.NotFound::class.java) { Model.fromAsset(assets, "no.onnx") }
        assertEquals("no.onnx", missing.file)
        assertThrows(DunlinException.Format::class.java) { Model.fromAsset(assets, "damaged.onnx") }
    }

    private fun answersAsOnnxRuntime(model: Model) {
        val images = Tensor.of(Samples.reference("image"), 16, 1, 28, 28)
        assertArrayEquals(Samples.reference("probabilities"), model.run(images).tensor(0).floats(), 1e-5f)
    }

    private fun ZipOutputStream.stored(name: String, bytes: ByteArray) {
        val entry = ZipEntry(name).apply {
            method = ZipEntry.STORED
            size = bytes.size.toLong()
            crc = CRC32().apply { update(bytes) }.value
        }
        putNextEntry(entry)
        write(bytes)
    }

    private fun ZipOutputStream.deflated(name: String, bytes: ByteArray) {
        putNextEntry(ZipEntry(name))
        write(bytes)
    }
}
