// Finds and opens the native library, once, before anything calls it.

package dev.dunlin

import com.sun.jna.NativeLibrary
import com.sun.jna.Platform
import java.io.File
import java.io.FileOutputStream
import java.net.URL

/** The native library. Whoever calls the binding goes through [open] first. */
internal object Library {
    /** A path, or a name that the system's loader knows. */
    val location: String = System.getProperty("dunlin.library") ?: packaged() ?: "dunlin"

    init {
        System.setProperty("uniffi.component.dunlin.libraryOverride", location)
    }

    /** Does nothing but to make sure that the library is found. */
    fun open() {}

    /** The library that the jar carries for this system, as something that can be opened. */
    private fun packaged(): String? {
        val name = "${Platform.RESOURCE_PREFIX}/${System.mapLibraryName("dunlin")}"
        val resource = Library::class.java.classLoader?.getResource(name) ?: return null
        return when {
            resource.protocol == "file" -> File(resource.toURI()).path
            Platform.isLinux() -> inMemory(resource) ?: extracted(resource)
            else -> extracted(resource)
        }
    }

    /** A copy in a file that lies in memory alone and has no name: Linux opens it through /proc. */
    private fun inMemory(resource: URL): String? = try {
        val create = NativeLibrary.getInstance("c").getFunction("memfd_create")
        val descriptor = create.invokeInt(arrayOf<Any>("libdunlin", CLOSE_ON_EXEC))
        val path = "/proc/self/fd/$descriptor"
        if (descriptor >= 0 && File(path).exists()) {
            FileOutputStream(path).use { out -> resource.openStream().use { it.copyTo(out) } }
            path
        } else {
            null
        }
    } catch (_: UnsatisfiedLinkError) {
        null
    }

    /** A copy among the temporary files, for systems that open libraries from files alone. */
    private fun extracted(resource: URL): String {
        val file = File.createTempFile("dunlin", System.mapLibraryName("dunlin"))
        file.deleteOnExit()
        FileOutputStream(file).use { out -> resource.openStream().use { it.copyTo(out) } }
        return file.path
    }

    private const val CLOSE_ON_EXEC = 1
}
