// What programs for Apple's systems write: types are checked.

import CoreGraphics
import CoreML
import CoreVideo
import Dunlin

@MainActor
func classify(_ model: Model, _ image: CGImage, _ frame: CVPixelBuffer) async throws -> [Float] {
    _ = try await model.run(["image": .image(frame, .imageNet)])
    let outputs = try await model.run(["image": .image(image)])
    let scores: MLShapedArray<Float> = try outputs.tensor("scores").shapedArray(of: Float.self)
    let again = try Tensor(scores)
    return try again.array(of: Float.self)
}
