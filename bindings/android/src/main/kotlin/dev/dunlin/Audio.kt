// Sound from a recorder, in pieces.

@file:JvmName("Audio")

package dev.dunlin

import android.media.AudioFormat
import android.media.AudioRecord
import android.media.MediaRecorder
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn

/**
 * Sound in pieces of so many samples, from -1 to 1: recording begins with the collection and ends with it. Each piece is a new array. The recorder
 * stays the caller's, who releases it; when somebody stops it, the flow ends.
 *
 * Pieces wait for a collector that is slow for a while; one that stays slow loses sound when the recorder's own buffer is full.
 *
 * @param samples how many numbers a piece has, those of all channels together
 * @throws IllegalArgumentException for a recorder of another encoding than 16-bit or float
 * @throws IllegalStateException from the collection, if the recorder cannot record, or fails
 */
public fun AudioRecord.pieces(samples: Int): Flow<FloatArray> {
    require(samples > 0) { "pieces of $samples samples" }
    val read = reader(samples)
    return flow {
        check(state == AudioRecord.STATE_INITIALIZED) { "the recorder is not initialised: is another app recording?" }
        startRecording()
        try {
            while (true) emit(read() ?: break)
        } finally {
            if (recordingState == AudioRecord.RECORDSTATE_RECORDING) stop()
        }
    }.flowOn(Dispatchers.IO)
}

/**
 * Sound from the microphone in pieces of so many samples, from -1 to 1, with a recorder of its own for each collection. The app must hold the
 * permission `android.permission.RECORD_AUDIO`.
 *
 * @param samples how many samples a piece has
 * @param rate samples a second
 * @throws IllegalStateException from the collection, without the permission, and if the recorder fails
 */
@JvmOverloads
public fun microphone(samples: Int, rate: Int = 16_000): Flow<FloatArray> = flow {
    val recorder = recorder(samples, rate)
    try {
        recorder.pieces(samples).collect { emit(it) }
    } finally {
        recorder.release()
    }
}

/** A recorder whose buffer holds four pieces. Lint cannot see that the caller holds the permission. */
@Suppress("MissingPermission")
private fun recorder(samples: Int, rate: Int): AudioRecord {
    val (mono, float) = AudioFormat.CHANNEL_IN_MONO to AudioFormat.ENCODING_PCM_FLOAT
    val least = AudioRecord.getMinBufferSize(rate, mono, float)
    check(least > 0) { "the microphone has no $rate samples a second" }
    val pieces = 4L * Float.SIZE_BYTES * samples
    val bytes = maxOf(least.toLong(), pieces).coerceAtMost(Int.MAX_VALUE.toLong()).toInt()
    return AudioRecord(MediaRecorder.AudioSource.VOICE_RECOGNITION, rate, mono, float, bytes)
}

/** Reads a piece; null when the recorder was stopped. */
private fun AudioRecord.reader(samples: Int): () -> FloatArray? = when (audioFormat) {
    AudioFormat.ENCODING_PCM_FLOAT -> {
        {
            val piece = FloatArray(samples)
            piece.takeIf { fill(samples) { at, n -> read(piece, at, n, AudioRecord.READ_BLOCKING) } }
        }
    }
    AudioFormat.ENCODING_PCM_16BIT -> {
        val shorts = ShortArray(samples);
        {
            val isWhole = fill(samples) { at, n -> read(shorts, at, n, AudioRecord.READ_BLOCKING) }
            if (isWhole) FloatArray(samples) { shorts[it] / 32768f } else null
        }
    }
    else -> throw IllegalArgumentException("the recorder's encoding is neither 16-bit nor float: $audioFormat")
}

/** Whether all samples came before the recorder was stopped. */
private inline fun fill(samples: Int, read: (at: Int, n: Int) -> Int): Boolean {
    var at = 0
    while (at < samples) {
        val n = read(at, samples - at)
        check(n >= 0) { "the recorder failed with code $n" }
        if (n == 0) return false
        at += n
    }
    return true
}
