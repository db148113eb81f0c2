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
        let model = Samples.repository.appendingPathComponent("tests/scenarios/models/unknown_operator.onnx")
        let error = try XCTUnwrap(assertFails(.unsupported) { try Model.load(model) })
        XCTAssertNotNil(error.operator)
        XCTAssertEqual(error.file, model.path)
        XCTAssertTrue(error.message.contains(error.detail))
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

    func testWhatACallbackThrowsIsThrownByTheLoad() throws {
        XCTAssertThrowsError(try load { $0.progress = { _, _ in throw OnPurpose() } }) {
            XCTAssertTrue($0 is OnPurpose, "\($0)")
        }
    }

    func testWhatACallbackThrowsIsThrownByTheAwaitedLoad() async throws {
        var options = LoadOptions()
        options.log = { _, _ in throw OnPurpose() }
        options.logLevel = .debug
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

private struct OnPurpose: Error {}
