// What of Core Graphics the package uses, as Apple declares it: types are checked against it where there is none.

import Foundation

public final class CGImage: @unchecked Sendable {
    public let width: Int
    public let height: Int

    init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
    }
}

public typealias CFString = NSString
public typealias CGRect = Foundation.CGRect

public final class CGColorSpace {
    public init?(name: CFString) {}

    nonisolated(unsafe) public static let sRGB: CFString = "sRGB"
}

public enum CGImageAlphaInfo: UInt32, Sendable {
    case none = 0
    case noneSkipLast = 5
}

public final class CGContext {
    public init?(
        data: UnsafeMutableRawPointer?, width: Int, height: Int, bitsPerComponent: Int, bytesPerRow: Int,
        space: CGColorSpace, bitmapInfo: UInt32
    ) {}

    public func draw(_ image: CGImage, in rect: CGRect, byTiling: Bool = false) {}
}
