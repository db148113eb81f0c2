// The scenarios of tests/scenarios, which every language runs.

package dev.dunlin

import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.TestFactory

class ScenarioTest {
    private val scenarios = Scenarios("kotlin")

    @TestFactory
    fun scenarios(): List<DynamicTest> {
        assertTrue(scenarios.files.isNotEmpty(), "no scenarios")
        val tests = scenarios.files.map { file -> DynamicTest.dynamicTest(file.nameWithoutExtension) { scenarios.check(file) } }
        return tests + DynamicTest.dynamicTest("results") { scenarios.write() }
    }
}
