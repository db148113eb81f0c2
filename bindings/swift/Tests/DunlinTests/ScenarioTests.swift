// The scenarios of tests/scenarios, which every language runs.

import Foundation
import XCTest

@testable import Dunlin

final class ScenarioTests: XCTestCase {
    func testScenarios() throws {
        let folder = Samples.repository.appendingPathComponent("tests/scenarios")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }
        XCTAssertFalse(files.isEmpty, "no scenarios in \(folder.path)")
        var results: [String: Any] = [:]
        for file in files {
            let name = file.deletingPathExtension().lastPathComponent
            var outputs: [[String: String]] = []
            var why = ""
            do {
                try Scenario(file).run { outputs.append($0) }
            } catch {
                why = "\(error)"
                XCTFail("\(name): \(error)")
            }
            results[name] = ["ok": why.isEmpty, "why": why, "outputs": outputs] as [String: Any]
        }
        guard let out = ProcessInfo.processInfo.environment["DUNLIN_SCENARIOS_OUT"] else { return }
        let all: [String: Any] = ["target": "swift", "isa": Library.instructionSet, "scenarios": results]
        try JSONSerialization.data(withJSONObject: all, options: .sortedKeys).write(to: URL(fileURLWithPath: out))
    }
}

/// What a scenario finds wrong.
struct Wrong: Error, CustomStringConvertible {
    let description: String
}

/// A scenario as its file has it.
struct Scenario {
    struct Step {
        let inputs: [String: Tensor]
        let outputs: [String: Tensor]
        let relative, absolute: Double
        let error: Failure?
    }

    struct Failure {
        let kind: String
        let mentions: [String]
    }

    let model: URL
    let isSession: Bool
    let options: LoadOptions
    let loadError: Failure?
    let steps: [Step]

    init(_ file: URL) throws {
        guard let json = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any],
            let path = json["model"] as? String, let isSession = json["session"] as? Bool
        else { throw Wrong(description: "\(file.path) is no scenario") }
        var options = LoadOptions(threads: json["threads"] as? Int ?? 1)
        for pair in json["states"] as? [[String]] ?? [] { options.states[pair[0]] = pair[1] }
        (self.options, self.isSession) = (options, isSession)
        model = Samples.repository.appendingPathComponent(path)
        loadError = (json["load_error"] as? [String: Any]).map(Scenario.failure)
        steps = try (json["steps"] as? [[String: Any]] ?? []).map(Scenario.step)
    }

    /// The model, the state's input and its output of the scenario with a state.
    static func stateful() throws -> (URL, String, String) {
        let scenario = try Scenario(Samples.repository.appendingPathComponent("tests/scenarios/session_state.json"))
        guard let state = scenario.options.states.first else { throw Wrong(description: "no state") }
        return (scenario.model, state.key, state.value)
    }

    /// Runs all steps; `give` takes the outputs of each that succeeds, in base64.
    func run(give: ([String: String]) throws -> Void) throws {
        if let loadError {
            return try fails(loadError) { _ = try Model.load(model, options: options) }
        }
        let loaded = try Model.load(model, options: options)
        let runner: any Runner = isSession ? loaded.session() : loaded
        for step in steps {
            if let error = step.error {
                try fails(error) { _ = try runner.run(step.inputs) }
                continue
            }
            let outputs = try runner.run(step.inputs)
            try compare(outputs, step)
            let texts = try outputs.map { ($0.name, try raw(outputs.tensor($0.name)).base64EncodedString()) }
            try give(Dictionary(uniqueKeysWithValues: texts))
        }
    }

    private func fails(_ expected: Failure, _ call: () throws -> Void) throws {
        do {
            try call()
        } catch let error as DunlinError where error.kind.rawValue == expected.kind {
            for word in expected.mentions where !error.message.contains(word) {
                throw Wrong(description: "\(error) does not mention \(word)")
            }
            return
        }
        throw Wrong(description: "expected \(expected.kind), and nothing failed")
    }

    private func compare(_ outputs: Outputs, _ step: Step) throws {
        for (name, wanted) in step.outputs {
            let got = try outputs.tensor(name)
            guard "\(got)" == "\(wanted)" else { throw Wrong(description: "\(name) is \(got), not \(wanted)") }
            if got.type == .string {
                guard try got.strings() == wanted.strings() else { throw Wrong(description: "\(name) differs") }
                continue
            }
            for (i, (a, b)) in zip(try numbers(got), try numbers(wanted)).enumerated() {
                let isNear = a == b || (a.isNaN && b.isNaN) || abs(a - b) <= step.absolute + step.relative * abs(b)
                guard isNear else { throw Wrong(description: "\(name)[\(i)] is \(a), not \(b)") }
            }
        }
    }

    private func raw(_ tensor: Tensor) throws -> Data {
        tensor.type == .string ? Data(try tensor.strings().joined(separator: "\n").utf8) : tensor.data()
    }

    private func numbers(_ tensor: Tensor) throws -> [Double] {
        switch tensor.type {
        case .float32: return try tensor.array(of: Float.self).map(Double.init)
        case .float64: return try tensor.array(of: Double.self)
        case .float16: return try tensor.array(of: Float16.self).map(Double.init)
        case .bfloat16:
            return tensor.withUnsafeBytes { bytes in
                bytes.bindMemory(to: UInt16.self).map { Double(Float(bitPattern: UInt32($0) << 16)) }
            }
        case .bool, .uint8: return tensor.withUnsafeBytes { $0.map(Double.init) }
        case .int8: return try tensor.array(of: Int8.self).map(Double.init)
        case .int16: return try tensor.array(of: Int16.self).map(Double.init)
        case .uint16: return try tensor.array(of: UInt16.self).map(Double.init)
        case .int32: return try tensor.array(of: Int32.self).map(Double.init)
        case .uint32: return try tensor.array(of: UInt32.self).map(Double.init)
        case .int64: return try tensor.array(of: Int64.self).map(Double.init)
        case .uint64: return try tensor.array(of: UInt64.self).map(Double.init)
        default: throw Wrong(description: "no scenario has \(tensor.type)")
        }
    }

    private static func step(_ json: [String: Any]) throws -> Step {
        Step(
            inputs: try tensors(json["inputs"]), outputs: try tensors(json["outputs"]),
            relative: json["relative"] as? Double ?? 0, absolute: json["absolute"] as? Double ?? 0,
            error: (json["error"] as? [String: Any]).map(failure))
    }

    private static func failure(_ json: [String: Any]) -> Failure {
        Failure(kind: json["kind"] as? String ?? "", mentions: json["mentions"] as? [String] ?? [])
    }

    private static func tensors(_ json: Any?) throws -> [String: Tensor] {
        try (json as? [String: [String: Any]] ?? [:]).mapValues(tensor)
    }

    private static func tensor(_ json: [String: Any]) throws -> Tensor {
        guard let name = json["dtype"] as? String, let shape = json["shape"] as? [Int],
            let type = ElementType.allCases.first(where: { "\($0)" == name })
        else { throw Wrong(description: "no tensor: \(json)") }
        if type == .string { return try Tensor(strings: json["strings"] as? [String] ?? [], shape: shape) }
        guard let data = Data(base64Encoded: json["data"] as? String ?? "") else {
            throw Wrong(description: "no base64: \(json)")
        }
        return try Tensor(data: data, type: type, shape: shape)
    }
}
