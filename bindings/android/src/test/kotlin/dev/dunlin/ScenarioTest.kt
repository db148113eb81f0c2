// The scenarios of tests/scenarios, which every language runs.

package dev.dunlin

import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

@RunWith(RobolectricTestRunner::class)
class ScenarioTest {
    @Test
    fun scenarios() {
        val scenarios = Scenarios("android")
        assertTrue("no scenarios", scenarios.files.isNotEmpty())
        val wrong = scenarios.files.mapNotNull { file ->
            runCatching { scenarios.check(file) }.exceptionOrNull()?.let { "${file.name}: $it" }
        }
        scenarios.write()
        assertTrue(wrong.joinToString("\n"), wrong.isEmpty())
    }
}
