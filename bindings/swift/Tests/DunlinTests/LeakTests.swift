// Memory stays flat over many loads and runs.

#if os(Linux)
import Foundation
import XCTest

@testable import Dunlin

final class LeakTests: XCTestCase {
    /// Bytes by which the process may grow: allocators keep some, and a leak of a few bytes a time is more in the long mode.
    private let allowed = 24 << 20

    func testLoads() throws {
        try stays(Samples.repetitions / 10) {
            let model = try Model.load(Samples.digits, options: LoadOptions(threads: 1))
            _ = try model.run(Samples.seven())
        }
    }

    func testRuns() throws {
        let model = try addition()
        try stays(Samples.repetitions) {
            let outputs = try model.run(["x": rows(20_000), "y": Tensor(scalar: 1 as Float)])
            XCTAssertEqual(try outputs.tensor(0).elements(of: Float.self)[0], 1)
        }
    }

    func testErrors() throws {
        let model = try addition()
        try stays(Samples.repetitions) { _ = try? model.run([:]) }
    }

    func testRunsThatAreAwaited() async throws {
        let model = try addition()
        func repeated(_ n: Int) async throws {
            for _ in 0..<n { _ = try await model.run(["x": rows(20_000), "y": Tensor(scalar: 1 as Float)]) }
        }
        try await repeated(Samples.repetitions / 2)
        let before = try resident()
        try await repeated(Samples.repetitions)
        check(try resident() - before, Samples.repetitions)
    }

    /// A model that does little with as much memory as it is given: the test sees each tensor that is left over.
    private func addition() throws -> Model {
        try Model.load(Samples.addition, options: LoadOptions(threads: 1))
    }

    private func rows(_ n: Int) throws -> Tensor {
        try Tensor(type: .float32, shape: [n, 3]) { _ in }
    }

    private func stays(_ repetitions: Int, _ step: () throws -> Void) throws {
        for _ in 0..<repetitions / 2 { try step() }
        let before = try resident()
        for _ in 0..<repetitions { try step() }
        check(try resident() - before, repetitions)
    }

    private func check(_ grown: Int, _ repetitions: Int) {
        XCTAssertLessThan(grown, allowed, "\(repetitions) repetitions left \(grown) bytes")
    }

    /// Bytes of memory that the process holds.
    private func resident() throws -> Int {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]
        return (Int(pages) ?? 0) * 4096
    }
}
#endif
