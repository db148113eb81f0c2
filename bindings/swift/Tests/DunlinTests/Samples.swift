// What the tests run: the digit model of the examples, its pictures, and ONNX Runtime's answers.

import Foundation
import XCTest

@testable import Dunlin

enum Samples {
    /// The repository's root, which holds examples and scenarios.
    static let repository: URL = {
        if let given = ProcessInfo.processInfo.environment["DUNLIN_REPOSITORY"] { return URL(fileURLWithPath: given) }
        return (0..<5).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    }()

    static let digits = repository.appendingPathComponent("examples/digits/digits.onnx")

    /// Adds a scalar to any number of rows of three.
    static let addition = repository.appendingPathComponent("tests/scenarios/models/add_float32.onnx")

    /// The pixels of a picture of a seven, from 0 to 255.
    static func sevenBytes() throws -> [UInt8] {
        let file = try Data(contentsOf: repository.appendingPathComponent("examples/digits/seven.pgm"))
        return Array(file.suffix(28 * 28))
    }

    /// A picture of a seven: [1, 1, 28, 28], from 0 to 1.
    static func seven() throws -> Tensor {
        try Tensor(sevenBytes().map { Float($0) / 255 }, shape: [1, 1, 28, 28])
    }

    /// Enough pictures for a run that takes a while.
    static func manyImages() throws -> Tensor {
        try Tensor(type: .float32, shape: [4_000, 1, 28, 28]) { _ in }
    }

    /// So many times a test of leaks repeats.
    static let repetitions = ProcessInfo.processInfo.environment["DUNLIN_LONG"] == nil ? 1_000 : 100_000
}

extension TypedTensor where Element == Float {
    var indexOfMax: Int { indices.max { self[$0] < self[$1] } ?? -1 }
}

/// Asserts that a call fails with an error of this kind.
@discardableResult
func assertFails<R>(
    _ kind: DunlinError.Kind,
    file: StaticString = #filePath,
    line: UInt = #line,
    _ call: () throws -> R
) -> DunlinError? {
    do {
        _ = try call()
        XCTFail("expected \(kind), and nothing failed", file: file, line: line)
    } catch let error as DunlinError {
        XCTAssertEqual(error.kind, kind, error.message, file: file, line: line)
        return error
    } catch {
        XCTFail("expected \(kind), got \(error)", file: file, line: line)
    }
    return nil
}
