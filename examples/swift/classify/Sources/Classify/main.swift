// Says which digit a picture shows: `swift run Classify digits.onnx seven.pgm` prints `7 with 99.9 %`.

import Dunlin
import Foundation

guard CommandLine.arguments.count == 3 else { fatalError("Classify MODEL PICTURE, a PGM of 28 by 28") }
let file = try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[2]))
let pixels = file.suffix(28 * 28).map { Float($0) / 255 }

let model = try Model.load(path: CommandLine.arguments[1])
let outputs = try model.run(["image": Tensor(pixels, shape: [1, 1, 28, 28])])
let probabilities = try outputs.tensor("probabilities").array(of: Float.self)

let best = probabilities.indices.max { probabilities[$0] < probabilities[$1] }!
print(best, "with", String(format: "%.1f %%", 100 * probabilities[best]))
