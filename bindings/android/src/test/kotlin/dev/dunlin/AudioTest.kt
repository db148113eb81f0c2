// Sound in pieces, from a recorder whose sound is known.

package dev.dunlin

import android.media.AudioFormat
import android.media.AudioRecord
import android.media.MediaRecorder
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.shadows.ShadowAudioRecord

@RunWith(RobolectricTestRunner::class)
class AudioTest {
    /** Counts upward from 0, over all pieces, in steps of a 32768th. */
    private class Counting : ShadowAudioRecord.AudioRecordSource {
        private var n = 0

        override fun readInShortArray(data: ShortArray, offset: Int, size: Int, isBlocking: Boolean): Int {
            repeat(size) { data[offset + it] = n++.toShort() }
            return size
        }

        /** Gives less than it is asked for. */
        override fun readInFloatArray(data: FloatArray, offset: Int, size: Int, isBlocking: Boolean): Int {
            val some = minOf(size, 7)
            repeat(some) { data[offset + it] = n++ / 32768f }
            return some
        }
    }

    private fun provide(source: ShadowAudioRecord.AudioRecordSource) {
        ShadowAudioRecord.setSourceProvider { source }
    }

    private fun recorder(encoding: Int) =
        AudioRecord(MediaRecorder.AudioSource.MIC, 16_000, AudioFormat.CHANNEL_IN_MONO, encoding, 16_000)

    @Test
    fun `pieces follow one another`() {
        for (encoding in listOf(AudioFormat.ENCODING_PCM_16BIT, AudioFormat.ENCODING_PCM_FLOAT)) {
            provide(Counting())
            val recorder = recorder(encoding)
            val pieces = runBlocking { recorder.pieces(100).take(3).toList() }
            val expected = FloatArray(300) { it / 32768f }
            assertArrayEquals(expected, pieces.flatMap(FloatArray::toList).toFloatArray(), 0f)
            assertEquals(AudioRecord.RECORDSTATE_STOPPED, recorder.recordingState)
            recorder.release()
        }
    }

    @Test
    fun `the microphone has a recorder of its own`() {
        provide(Counting())
        assertArrayEquals(FloatArray(512) { it / 32768f }, runBlocking { microphone(512).first() }, 0f)
    }

    @Test
    fun `a recorder that fails, and one of bytes`() {
        provide(object : ShadowAudioRecord.AudioRecordSource {
            override fun readInShortArray(data: ShortArray, offset: Int, size: Int, isBlocking: Boolean) =
                AudioRecord.ERROR_DEAD_OBJECT
        })
        val failing = recorder(AudioFormat.ENCODING_PCM_16BIT).pieces(100)
        assertThrows(IllegalStateException::class.java) { runBlocking { failing.first() } }
        assertThrows(IllegalArgumentException::class.java) { recorder(AudioFormat.ENCODING_PCM_8BIT).pieces(100) }
        assertThrows(IllegalArgumentException::class.java) { recorder(AudioFormat.ENCODING_PCM_16BIT).pieces(0) }
    }
}
