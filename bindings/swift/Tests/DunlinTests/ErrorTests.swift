// What goes wrong, by kind, and what the error tells of it.

import Foundation
import XCTest

@testable import Dunlin

final class ErrorTests: XCTestCase {
    func testAFileThatIsNotThere() throws {
        let error = try XCTUnwrap(assertFails(.notFound) { try Model.load(path: "no.onnx") })
        XCTAssertEqual(error.kind.rawValue, "not-found")
        XCTAssertEqual(error.file, "no.onnx")
        XCTAssertTrue(error.message.contains("no.onnx"))
        XCTAssertEqual(error.localizedDescription, error.message)
        assertFails(.input) { try Model.load(XCTUnwrap(URL(string: "https://example.org/no.onnx"))) }
    }

    func testModelsAndChoicesThatAreRefused() throws {
        let damaged = try Data(contentsOf: Samples.digits).prefix(5_000)
        assertFails(.format) { try Model.load(data: damaged) }
        assertFails(.limit) { try load { $0.limits[.fileBytes] = 100 } }
        assertFails(.device) { try load { $0.device = "abacus" } }
        assertFails(.notFound) { try load { $0.disabledPasses = ["no-such-pass"] } }
        assertFails(.notFound) { try load { $0.states["image"] = "no such output" } }
        assertFails(.input) { try load { $0.threads = -1 } }
        assertFails(.input) { try load { $0.timeout = -1 } }
    }

    func testANodeThatFailsIsNamed() throws {
        let scenario = Samples.repository.appendingPathComponent("tests/scenarios/models/unknown_operator.onnx")
        guard FileManager.default.fileExists(atPath: scenario.path) else { throw XCTSkip("no such model") }
        let error = try XCTUnwrap(assertFails(.unsupported) { try Model.load(scenario) })
        XCTAssertNotNil(error.operator ?? error.hint)
    }

    func testInputsThatDoNotFit() throws {
        let model = try Model.load(Samples.digits)
        let small = try Tensor([Float](repeating: 0, count: 4), shape: [1, 1, 2, 2])
        let shape = try XCTUnwrap(assertFails(.shape) { try model.run(["image": small]) })
        XCTAssertTrue(shape.message.contains("image"))
        let ints = try Tensor([Int32](repeating: 0, count: 784), shape: [1, 1, 28, 28])
        let type = assertFails(.elementType) { try model.run(ints) }
        XCTAssertEqual(type?.kind.rawValue, "dtype")
        assertFails(.notFound) { try model.run(["picture": Samples.seven()]) }
        assertFails(.input) { try model.run([:]) }
        assertFails(.notFound) { try model.run(Samples.seven()).tensor("no such output") }
        assertFails(.notFound) { try model.run(Samples.seven()).tensor(1) }
        assertFails(.notFound) { try model.session().state("no such state") }
    }

    func testWhatACallbackThrowsIsThrownByTheLoad() async throws {
        struct OnPurpose: Error {}
        var options = LoadOptions()
        options.progress = { _, _ in throw OnPurpose() }
        XCTAssertThrowsError(try Model.load(Samples.digits, options: options)) { XCTAssertTrue($0 is OnPurpose, "\($0)") }
        do {
            _ = try await Model.load(Samples.digits, options: options)
            XCTFail("nothing was thrown")
        } catch {
            XCTAssertTrue(error is OnPurpose, "\(error)")
        }
    }

    func testEveryKindHasItsName() {
        XCTAssertEqual(Set(DunlinError.Kind.allCases.map(\.rawValue)).count, DunlinError.Kind.allCases.count)
    }

    private func load(_ choose: (inout LoadOptions) -> Void) throws -> Model {
        var options = LoadOptions()
        choose(&options)
        return try Model.load(Samples.digits, options: options)
    }
}
