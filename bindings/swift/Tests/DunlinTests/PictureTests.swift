// Pictures, held against Pillow 13's bilinear resizing, which rounds to whole numbers twice.

import XCTest

@testable import Dunlin

final class PictureTests: XCTestCase {
    /// 7 by 5 pixels.
    private func picture() throws -> Picture {
        try Picture(width: 7, height: 5, rgba: (0..<7 * 5 * 4).map { UInt8($0 * 37 % 251) })
    }

    func testSizesAreThoseOfPillow() throws {
        let smaller: [Float] = [105, 128, 128, 135, 112, 129, 137, 117, 127, 127, 119, 113, 105, 109, 141, 135, 128, 108]
        try expect(smaller, [3, 2, 3], .stretch)
        let filled: [Float] = [
            105, 151, 130, 155, 93, 108, 133, 112, 141, 142, 128, 95, 164, 99, 138, 116, 117, 111, 125, 86, 132, 103, 124,
            137, 153, 130, 107,
        ]
        try expect(filled, [3, 3, 3], .fill)
        let larger = try picture().tensor(shape: [1, 3, 8, 10], Picture.Options(scaling: .stretch))
        let corner: [Float] = [0, 81, 122, 50, 141, 157, 97, 201, 192, 135, 14, 95, 136, 64, 155, 171, 106, 133, 146, 149]
        for (got, wanted) in zip(try larger.elements(of: Float.self), corner) {
            XCTAssertEqual(255 * got, wanted, accuracy: 1.01)
        }
    }

    func testWhatDoesNotFillTheSizeLiesAmidBlack() throws {
        let white = try Picture(width: 4, height: 2, rgba: [UInt8](repeating: 255, count: 32))
        let options = Picture.Options(scaling: .fit)
        let tensor = try white.tensor(type: .uint8, shape: [4, 4, 3], options)
        let black = [UInt8](repeating: 0, count: 12), light = [UInt8](repeating: 255, count: 12)
        XCTAssertEqual(try tensor.array(of: UInt8.self), black + light + light + black)
    }

    func testChannelsLieAsTheShapeSays() throws {
        let pixels: [UInt8] = [255, 0, 51, 9, 0, 255, 102, 9]
        let image = try Picture(width: 2, height: 1, rgba: pixels)
        let options = Picture.Options(mean: [0, 0.5, 0], deviation: [1, 0.5, 2])
        let planes = try image.tensor(shape: [3, 1, 2], options).array(of: Float.self)
        assertEqual(planes, [1, 0, -1, 1, 0.1, 0.2])
        let pixelwise = try image.tensor(shape: [1, 1, 2, 3], options).array(of: Float.self)
        assertEqual(pixelwise, [1, -1, 0.1, 0, 1, 0.2])
        let grey = try image.tensor(shape: [1, 1, 2]).array(of: Float.self)
        assertEqual(grey, [0.3218, 0.6326])
    }

    func testAModelTakesAPictureInTheSizeThatItDeclares() throws {
        let model = try Model.load(Samples.digits)
        let seven = try Samples.sevenBytes()
        let image = try Picture(width: 28, height: 28, rgba: seven.flatMap { [$0, $0, $0, 255] })
        let outputs = try model.run(["image": .image(image)])
        XCTAssertEqual(try outputs.tensor(0).elements(of: Float.self).indexOfMax, 7)
        assertFails(.notFound) { try model.run(["picture": .image(image)]) }
    }

    func testWhatCannotBeIsRefused() throws {
        assertFails(.shape) { try Picture(width: 2, height: 2, rgba: [1, 2, 3, 4]) }
        assertFails(.shape) { try Picture(width: 0, height: 2, rgba: []) }
        assertFails(.shape) { try Picture(width: .max, height: 2, rgba: [1]) }
        assertFails(.shape) { try self.picture().tensor(shape: [2, 3, 8, 8]) }
        assertFails(.shape) { try self.picture().tensor(shape: [5, 8, 8]) }
        assertFails(.elementType) { try self.picture().tensor(type: .int64, shape: [3, 8, 8]) }
        assertFails(.input) { try self.picture().tensor(shape: [3, 8, 8], Picture.Options(mean: [0])) }
    }

    private func expect(_ wanted: [Float], _ shape: [Int], _ scaling: Picture.Scaling) throws {
        let tensor = try picture().tensor(shape: shape, Picture.Options(scaling: scaling))
        assertEqual(try tensor.array(of: Float.self).map { 255 * $0 }, wanted, accuracy: 1.01)
    }

    private func assertEqual(_ got: [Float], _ wanted: [Float], accuracy: Float = 1e-6) {
        XCTAssertEqual(got.count, wanted.count)
        for (a, b) in zip(got, wanted) { XCTAssertEqual(a, b, accuracy: accuracy) }
    }
}
