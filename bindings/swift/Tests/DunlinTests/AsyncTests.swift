// Tasks: runs that block nobody, and what cancelling does.

import Foundation
import XCTest

@testable import Dunlin

final class AsyncTests: XCTestCase {
    func testManyRunsAtOnceGiveTheSame() async throws {
        let model = try await Model.load(Samples.digits)
        let seven = try Samples.seven()
        let answers = try await withThrowingTaskGroup(of: Data.self) { group in
            for _ in 0..<50 { group.addTask { try await model.run(["image": seven]).tensor(0).data() } }
            return try await group.reduce(into: Set<Data>()) { $0.insert($1) }
        }
        XCTAssertEqual(answers.count, 1)
    }

    func testASessionRunsOverAStream() async throws {
        let session = try await Model.load(Samples.digits).session()
        let seven = try Samples.seven()
        let stream = AsyncStream<[String: Input]> { continuation in
            for _ in 0..<3 { continuation.yield(["image": .tensor(seven)]) }
            continuation.finish()
        }
        var digits: [Int] = []
        for try await outputs in session.runs(over: stream) {
            digits.append(try outputs.tensor(0).elements(of: Float.self).indexOfMax)
        }
        XCTAssertEqual(digits, [7, 7, 7])
    }

    func testCancellingTheTaskCancelsTheRun() async throws {
        let model = try await Model.load(Samples.digits, options: LoadOptions(threads: 1))
        let many = try Samples.manyImages()
        let start = Date()
        _ = try await model.run(many)
        let whole = Date().timeIntervalSince(start)
        let run = Task { try await model.run(many) }
        try await Task.sleep(nanoseconds: UInt64(whole * 1e8))
        let cancelled = Date()
        run.cancel()
        let outcome = await run.result
        XCTAssertThrowsError(try outcome.get()) { XCTAssertTrue($0 is CancellationError, "\($0)") }
        try Library.waitUntilIdle(timeout: 60)
        let left = Date().timeIntervalSince(cancelled)
        XCTAssertLessThan(left, whole / 2, "the run went on for \(left) of \(whole) seconds")
    }

    func testCancellingTheTaskCancelsTheLoad() async throws {
        let load = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await Model.load(Samples.digits)
        }
        let outcome = await load.result
        XCTAssertThrowsError(try outcome.get()) { XCTAssertTrue($0 is CancellationError, "\($0)") }
    }

    func testASessionIsBusyWhileItRunsAndFreeAfterwards() async throws {
        let session = try await Model.load(Samples.digits).session()
        let many = try Samples.manyImages()
        let run = Task { try await session.run(["image": many]) }
        var wasBusy = false
        for _ in 0..<10_000 where !wasBusy {
            try await Task.sleep(nanoseconds: 1_000_000)
            do { try session.reset() } catch let error as DunlinError { wasBusy = error.kind == .busy }
        }
        // The run itself is refused if it begins in the middle of a reset.
        do { _ = try await run.value } catch let error as DunlinError where error.kind == .busy { wasBusy = true }
        XCTAssertTrue(wasBusy)
        _ = try await session.run(Samples.seven())
    }

    func testASwitchAndATimeEndRuns() async throws {
        let model = try await Model.load(Samples.digits)
        var late = RunOptions()
        late.timeout = 0.001
        let many = try Samples.manyImages()
        await assertFails(.deadline) { try await model.run(many, options: late) }
        var options = RunOptions()
        let cancel = Cancel()
        options.cancel = cancel
        _ = try await model.run(Samples.seven(), options: options)
        XCTAssertFalse(cancel.isCancelled)
        cancel.cancel()
        await assertFails(.cancelled) { try await model.run(Samples.seven(), options: options) }
        var loading = LoadOptions()
        loading.cancel = cancel
        await assertFails(.cancelled) { try await Model.load(Samples.digits, options: loading) }
        _ = try await model.run(Samples.seven())
    }

    func testASwitchEndsARunThatIsUnderWay() async throws {
        let model = try await Model.load(Samples.digits, options: LoadOptions(threads: 1))
        let many = try Samples.manyImages()
        let cancel = Cancel()
        var options = RunOptions()
        options.cancel = cancel
        let run = Task { [options] in try await model.run(many, options: options) }
        try await Task.sleep(nanoseconds: 20_000_000)
        cancel.cancel()
        await assertFails(.cancelled) { try await run.value }
    }
}

/// Asserts that a call fails with an error of this kind.
private func assertFails<R>(
    _ kind: DunlinError.Kind,
    file: StaticString = #filePath,
    line: UInt = #line,
    _ call: () async throws -> R
) async {
    do {
        _ = try await call()
        XCTFail("expected \(kind), and nothing failed", file: file, line: line)
    } catch {
        XCTAssertEqual((error as? DunlinError)?.kind, kind, "\(error)", file: file, line: line)
    }
}
