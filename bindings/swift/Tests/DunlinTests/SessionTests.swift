// What sessions keep from run to run.

import XCTest

@testable import Dunlin

final class SessionTests: XCTestCase {
    func testStatesGoOnSetAndForgotten() throws {
        let (path, input, output) = try Scenario.stateful()
        var options = LoadOptions(threads: 1)
        options.states = [input: output]
        let session = try Model.load(path, options: options).session()
        XCTAssertNil(try session.state(input))
        let scenario = try Scenario(Samples.repository.appendingPathComponent("tests/scenarios/session_state.json"))
        let first = try session.run(scenario.steps[0].inputs)
        let after = try XCTUnwrap(session.state(input))
        XCTAssertEqual(after.data(), try first.tensor(output).data())
        let zeros = try Tensor(type: after.type, shape: after.shape) { _ in }
        try session.setState(input, to: zeros)
        XCTAssertEqual(try session.state(input)?.data(), zeros.data())
        try session.reset()
        XCTAssertNil(try session.state(input))
    }
}
