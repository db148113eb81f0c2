// ONNX Runtime's answers, as numpy keeps them: arrays in a zip archive without compression.

import Foundation

@testable import Dunlin

/// Reads examples/digits/reference.npz.
enum Reference {
    /// An array of floats in this shape.
    static func array(_ name: String, shape: [Int]) throws -> Tensor {
        let archive = try Data(contentsOf: Samples.repository.appendingPathComponent("examples/digits/reference.npz"))
        // The first mention of the name is in the entry's own header, which tells at its byte 28 how many more bytes it has.
        guard let entry = archive.range(of: Data("\(name).npy".utf8)) else { throw Wrong(description: "no \(name)") }
        func short(_ offset: Int) -> Int { Int(archive[offset]) + 256 * Int(archive[offset + 1]) }
        let file = entry.upperBound + short(entry.lowerBound - 2)
        let start = file + 10 + short(file + 8)
        let bytes = archive[start..<start + 4 * shape.reduce(1, *)]
        return try Tensor(data: bytes, type: .float32, shape: shape)
    }
}
