// Loading and running, held against the known digit and ONNX Runtime's answers.

import Foundation
import XCTest

@testable import Dunlin

final class DigitsTests: XCTestCase {
    func testThePictureShowsASeven() throws {
        let model = try Model.load(Samples.digits)
        let outputs = try model.run(["image": Samples.seven()])
        let probabilities = try outputs.tensor("probabilities").elements(of: Float.self)
        XCTAssertEqual(probabilities.indexOfMax, 7)
        XCTAssertGreaterThan(probabilities[at: 0, 7], 0.99)
        XCTAssertEqual(probabilities.shape, [1, 10])
        XCTAssertEqual(outputs.map(\.name), ["probabilities"])
        XCTAssertEqual(try model.run(Samples.seven()).tensor(0).data(), try outputs.tensor(0).data())
    }

    func testAnswersAreThoseOfONNXRuntimeFromWhereverTheModelComes() throws {
        let bytes = try Data(contentsOf: Samples.digits)
        let handle = try FileHandle(forReadingFrom: Samples.digits)
        let models = [
            try Model.load(Samples.digits),
            try Model.load(path: Samples.digits.path),
            try Model.load(data: bytes),
            try Model.load(descriptor: handle.fileDescriptor),
        ]
        let images = try Reference.array("image", shape: [16, 1, 28, 28])
        let expected = try Reference.array("probabilities", shape: [16, 10])
        for model in models {
            let answers = try model.run(["image": images]).tensor(0).array(of: Float.self)
            for (answer, wanted) in zip(answers, try expected.elements(of: Float.self)) {
                XCTAssertEqual(answer, wanted, accuracy: 1e-5)
            }
        }
    }

    func testAPartOfAnOpenFileIsAModel() throws {
        let bytes = try Data(contentsOf: Samples.digits)
        let archive = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).bin")
        try (Data(count: 100) + bytes + Data(count: 50)).write(to: archive)
        defer { try? FileManager.default.removeItem(at: archive) }
        let handle = try FileHandle(forReadingFrom: archive)
        let model = try Model.load(descriptor: handle.fileDescriptor, offset: 100, length: UInt64(bytes.count))
        try handle.close()
        XCTAssertEqual(model.info.inputs.map(\.name), ["image"])
        XCTAssertEqual(try model.run(Samples.seven()).tensor(0).elements(of: Float.self).indexOfMax, 7)
    }

    func testAModelTellsWhatItIs() throws {
        let told = Told()
        var options = LoadOptions(threads: 1)
        options.progress = { stage, fraction in told.add(stage, fraction) }
        options.log = { _, line in told.add(line) }
        options.logLevel = .info
        let model = try Model.load(Samples.digits, options: options)
        XCTAssertEqual(model.info.inputs[0].shape, [nil, 1, 28, 28])
        XCTAssertEqual(model.info.inputs[0].type, .float32)
        XCTAssertTrue(model.report.nodes.allSatisfy { $0.backend == "cpu" && $0.fallback == nil })
        XCTAssertTrue(model.report.json.hasPrefix("{"))
        XCTAssertGreaterThan(try model.memory([1, 1, 28, 28]).bytes, 0)
        XCTAssertEqual(told.last?.stage, .done)
        XCTAssertEqual(told.last?.fraction, 1)
        XCTAssertTrue(told.lines.contains { $0.contains("nodes") }, "\(told.lines)")
    }

    func testAReportTellsWhatEachNodeTook() throws {
        let model = try Model.load(Samples.digits)
        XCTAssertNil(try model.run(Samples.seven()).report)
        let report = try XCTUnwrap(model.run(Samples.seven(), options: RunOptions(report: true)).report)
        XCTAssertFalse(report.nodes.isEmpty)
        XCTAssertLessThanOrEqual(report.nodes.map(\.nanoseconds).reduce(0, +), report.nanoseconds)
        XCTAssertTrue(report.json.contains("\"nodes\""))
    }

    func testModelsShareAPoolAndTheBuildTellsWhatItHas() throws {
        var options = LoadOptions()
        options.pool = try Pool(threads: 2)
        XCTAssertEqual(options.pool?.threads, 2)
        let models = try (0..<2).map { _ in try Model.load(Samples.digits, options: options) }
        let answers = try models.map { try $0.run(Samples.seven()).tensor(0).data() }
        XCTAssertEqual(answers[0], answers[1])
        XCTAssertTrue(Library.has("op:Conv") && Library.has("onnx") && !Library.has("op:NoSuch"))
        XCTAssertTrue(Library.devices.contains("cpu"))
        XCTAssertEqual(Library.version, "0.1.0")
    }
}

/// What a load told.
private final class Told: @unchecked Sendable {
    private let lock = NSLock()
    private var stages: [(stage: Stage, fraction: Float)] = []
    private var written: [String] = []

    var last: (stage: Stage, fraction: Float)? { lock.withLock { stages.last } }
    var lines: [String] { lock.withLock { written } }

    func add(_ stage: Stage, _ fraction: Float) { lock.withLock { stages.append((stage, fraction)) } }
    func add(_ line: String) { lock.withLock { written.append(line) } }
}
