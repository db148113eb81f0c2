// Tensors and containers: what goes in comes out, and what does not fit is refused.

import Foundation
import XCTest

@testable import Dunlin

final class TensorTests: XCTestCase {
    func testArraysComeOutAsTheyWentIn() throws {
        XCTAssertEqual(try Tensor([1, -2, .infinity] as [Float]).array(of: Float.self), [1, -2, .infinity])
        XCTAssertEqual(try Tensor([1.0, -2.0], shape: [2, 1]).array(of: Double.self), [1, -2])
        XCTAssertEqual(try Tensor([1, Int32.min]).array(of: Int32.self), [1, .min])
        XCTAssertEqual(try Tensor([1, Int.min]).array(of: Int64.self), [1, .min])
        XCTAssertEqual(try Tensor([1, -1] as [Int16]).array(of: Int16.self), [1, -1])
        XCTAssertEqual(try Tensor([1, 255] as [UInt8]).array(of: UInt8.self), [1, 255])
        XCTAssertEqual(try Tensor([true, false]).array(of: Bool.self), [true, false])
        XCTAssertEqual(try Tensor([0.5] as [Float16]).array(of: Float16.self), [0.5])
        XCTAssertEqual(try Tensor(strings: ["schön", "", "日本"]).strings(), ["schön", "", "日本"])
    }

    func testShapesAreOfOneDimensionOfManyOrOfNone() throws {
        XCTAssertEqual(try Tensor([Int32](repeating: 0, count: 3)).shape, [3])
        let two = try Tensor([Float](repeating: 0, count: 24), shape: [2, 3, 4])
        XCTAssertEqual(two.strides, [12, 4, 1])
        XCTAssertEqual("\(two)", "float32[2, 3, 4]")
        XCTAssertEqual(try Tensor(scalar: 1).shape, [])
        XCTAssertEqual(try Tensor(scalar: 1).count, 1)
        let none = try Tensor([Float](), shape: [0, 5])
        XCTAssertEqual(none.count, 0)
        XCTAssertEqual(try none.array(of: Float.self), [])
        none.withUnsafeBytes { XCTAssertEqual($0.count, 0) }
    }

    func testElementsAreReadWhereTheyLie() throws {
        let typed = try TypedTensor((0..<6).map { Float($0) }, shape: [2, 3])
        XCTAssertEqual(typed[at: 1, 2], 5)
        XCTAssertEqual(typed[4], 4)
        XCTAssertEqual(typed.reduce(0, +), 15)
        XCTAssertEqual(typed.max(), 5)
        let addresses = [typed.tensor, typed.tensor].map { $0.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } }
        XCTAssertEqual(addresses[0], addresses[1])
        let kept = try { try Tensor([7] as [Float]).elements(of: Float.self) }()
        XCTAssertEqual(kept[0], 7)
    }

    func testMemoryIsWrittenInPlace() throws {
        let tensor = try Tensor(type: .uint16, shape: [2]) { memory in
            XCTAssertEqual(Array(memory), [0, 0, 0, 0])
            memory.copyBytes(from: [1, 2, 3, 4])
        }
        XCTAssertEqual(try tensor.array(of: UInt16.self), [0x201, 0x403])
        XCTAssertEqual(tensor.data(), Data([1, 2, 3, 4]))
        let packed = try Tensor(data: Data([0x21, 0x03]), type: .uint4, shape: [3])
        XCTAssertEqual(packed.byteCount, 2)
    }

    func testWhatDoesNotFitIsRefused() throws {
        assertFails(.shape) { try Tensor([1, 2, 3] as [Float], shape: [2, 2]) }
        assertFails(.shape) { try Tensor([1, 2, 3] as [Float], shape: [-3]) }
        assertFails(.shape) { try Tensor(data: Data(count: 3), type: .float32, shape: [1]) }
        assertFails(.limit) { try Tensor([1] as [Float], shape: [.max, 9]) }
        assertFails(.elementType) { try Tensor(data: Data(count: 3), type: .string, shape: [3]) }
        assertFails(.elementType) { try Tensor([1] as [Float]).array(of: Int32.self) }
        assertFails(.elementType) { try Tensor(strings: ["x"]).elements(of: UInt8.self) }
        assertFails(.elementType) { try Tensor([1] as [Float]).strings() }
        assertFails(.shape) { try Tensor(strings: ["x"], shape: [2]) }
    }

    func testContainersAreTakenApartAgain() throws {
        let map = Value.map(keys: try Tensor([3, 4]), values: [.tensor(try Tensor(scalar: 1 as Float)), .optional(nil)])
        let value = Value.sequence([map, .optional(map)])
        let lowered = try value.lowered()
        guard
            case .sequence(let values) = try Value(lowered, lowered.info()), values.count == 2,
            case .map(let keys, let parts) = values[0], case .optional(.map(_, let inner)?) = values[1],
            case .optional(nil) = parts[1]
        else { return XCTFail("not as it was") }
        XCTAssertEqual(try keys.array(of: Int64.self), [3, 4])
        XCTAssertEqual(try inner[0].tensor?.array(of: Float.self), [1])
        assertFails(.shape) { try Value.map(keys: Tensor([3]), values: []).lowered() }
    }

    func testTypesHaveTheirNames() {
        XCTAssertEqual(ElementType.allCases.count, 28)
        for type in ElementType.allCases { XCTAssertTrue("\(type)".hasPrefix("\(type)".prefix(3).lowercased())) }
    }
}
