// ONNX Runtime's answers, as numpy keeps them: arrays in a zip archive without compression or with it.

import Foundation

@testable import Dunlin

/// Reads examples/digits/reference.npz.
enum Reference {
    /// The bytes of an array.
    static func array(_ name: String) throws -> Data {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let unzip = Process()
        unzip.executableURL = URL(fileURLWithPath: "/usr/bin/unzip")
        let archive = Samples.repository.appendingPathComponent("examples/digits/reference.npz")
        unzip.arguments = ["-qq", archive.path, "\(name).npy", "-d", folder.path]
        try unzip.run()
        unzip.waitUntilExit()
        let file = try Data(contentsOf: folder.appendingPathComponent("\(name).npy"))
        return Data(file.dropFirst(10 + Int(file[8]) + 256 * Int(file[9])))
    }
}
