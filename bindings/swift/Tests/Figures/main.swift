// Measures what a call costs; not a test, for it needs a quiet machine. `cargo xtask swift --figures` runs it beside tests/c/picture.c.
// Arguments: a model that adds a scalar to rows of three, then models that take one picture of 640 by 640.

import Dunlin
import Foundation

let paths = CommandLine.arguments.dropFirst()
guard let addition = paths.first else { fatalError("figures ADDITION [MODEL ..]") }
let alone = LoadOptions(threads: 1)
let pixels = [Float](repeating: 0, count: 3 * 640 * 640)

func row(_ what: String, _ nanoseconds: Double) {
    let time = String(format: "%12.2f us", nanoseconds / 1000)
    print(what.padding(toLength: 60, withPad: " ", startingAt: 0), time)
}

/// The median nanoseconds of a call, over batches of `n`.
func median(_ n: Int, batches: Int = 101, _ call: () throws -> Void) rethrows -> Double {
    for _ in 0..<n * batches / 2 { try call() }
    var times: [Double] = []
    for _ in 0..<batches {
        let start = DispatchTime.now().uptimeNanoseconds
        for _ in 0..<n { try call() }
        times.append(Double(DispatchTime.now().uptimeNanoseconds - start) / Double(n))
    }
    return times.sorted()[batches / 2]
}

let cancel = Cancel()
row("an empty call (Cancel.isCancelled)", median(2_000) { _ = cancel.isCancelled })
row("Tensor of 3 floats", try median(500) { _ = try Tensor([1, 2, 3] as [Float], shape: [1, 3]) })
row("Tensor of a picture of 640 x 640 x 3 floats", try median(5) { _ = try Tensor(pixels, shape: [1, 3, 640, 640]) })

let model = try Model.load(path: addition, options: alone)
let one = try Tensor(scalar: 1 as Float)
let few = try Tensor([1, 2, 3] as [Float], shape: [1, 3])
row("run of one small addition", try median(500) { _ = try model.run(["x": few, "y": one]) })
row(
    "adding to a picture: Tensor, run",
    try median(5) { _ = try model.run(["x": Tensor(pixels, shape: [640 * 640, 3]), "y": one]) })
for path in paths.dropFirst() {
    let model = try Model.load(path: path, options: alone)
    let name = URL(fileURLWithPath: path).lastPathComponent
    row(
        "\(name) on a picture: Tensor, run",
        try median(1, batches: 11) { _ = try model.run(Tensor(pixels, shape: [1, 3, 640, 640])) })
}
