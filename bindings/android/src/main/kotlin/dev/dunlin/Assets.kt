// Models among an app's assets, opened where they lie in the package.

@file:JvmName("Assets")

package dev.dunlin

import android.content.res.AssetFileDescriptor
import android.content.res.AssetManager
import java.io.FileNotFoundException
import java.io.IOException

/**
 * Loads a model from the app's assets. It is mapped where it lies in the package, which must hold it uncompressed:
 *
 * ```
 * android { androidResources { noCompress += "onnx" } }
 * ```
 *
 * @param name the asset's path below the folder `assets`
 * @throws DunlinException.NotFound if there is no such asset
 * @throws DunlinException.Unsupported if it is compressed
 */
@JvmOverloads
public fun Model.Companion.fromAsset(
    assets: AssetManager,
    name: String,
    options: LoadOptions = LoadOptions(),
): Model = assets.open(name) { Model.load(it, options) }

/** Loads a model from the app's assets on a thread of Dunlin's, as [fromAsset]. Cancelling the coroutine ends the load. */
public suspend fun Model.Companion.fromAssetAsync(
    assets: AssetManager,
    name: String,
    options: LoadOptions = LoadOptions(),
): Model = assets.open(name) { Model.loadAsync(it.parcelFileDescriptor.fd, it.startOffset, it.declaredLength, options) }

/** Loads a model from an open part of a file, such as an asset, a raw resource, or what a content provider gives. It stays the caller's. */
@JvmOverloads
public fun Model.Companion.load(part: AssetFileDescriptor, options: LoadOptions = LoadOptions()): Model =
    load(part.parcelFileDescriptor.fd, part.startOffset, part.declaredLength, options)

private inline fun <R> AssetManager.open(name: String, load: (AssetFileDescriptor) -> R): R {
    val part = try {
        openFd(name)
    } catch (error: IOException) {
        throw refusal(name, error)
    }
    return part.use(load)
}

/** Why an asset has no descriptor: it is not there, or it can be read as a stream alone. */
private fun AssetManager.refusal(name: String, error: IOException): DunlinException {
    try {
        open(name).close()
    } catch (_: FileNotFoundException) {
        return DunlinException.NotFound(facts(name, "not-found", "there is no such asset"))
    } catch (_: IOException) {
        return DunlinException.Io(facts(name, "io", error.message ?: "the asset cannot be opened"))
    }
    val ending = name.substringAfterLast('.', name.substringAfterLast('/'))
    val hint = "store it as it is: android { androidResources { noCompress += \"$ending\" } } in the app's build.gradle.kts"
    return DunlinException.Unsupported(facts(name, "unsupported", "the asset is compressed, so that it cannot be mapped", hint))
}

private fun facts(name: String, kind: String, detail: String, hint: String? = null): DunlinException.Facts {
    val text = "asset \"$name\": $detail" + hint?.let { " ($it)" }.orEmpty()
    return DunlinException.Facts(text, kind, detail, file = name, hint = hint)
}
