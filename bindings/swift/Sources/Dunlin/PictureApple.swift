// Pictures and arrays of Apple's frameworks.

#if canImport(CoreGraphics)
import CoreGraphics

extension Picture {
    /// A picture of Core Graphics, drawn in sRGB at its own size.
    ///
    /// - Throws: ``DunlinError`` of the kind `input` if it cannot be drawn
    public init(_ image: CGImage) throws {
        let (width, height) = (image.width, image.height)
        var pixels = [UInt8](repeating: 0, count: 4 * width * height)
        let isDrawn = pixels.withUnsafeMutableBytes { memory in
            guard
                let colors = CGColorSpace(name: CGColorSpace.sRGB),
                let context = CGContext(
                    data: memory.baseAddress, width: width, height: height, bitsPerComponent: 8,
                    bytesPerRow: 4 * width, space: colors, bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue)
            else { return false }
            context.draw(image, in: CGRect(x: 0, y: 0, width: width, height: height))
            return true
        }
        guard isDrawn else { throw DunlinError(.input, "the picture of \(width) x \(height) pixels cannot be drawn") }
        try self.init(width: width, height: height, rgba: pixels)
    }
}

extension Input {
    /// A picture of Core Graphics, scaled and laid out as the model's input is declared.
    public static func image(_ image: CGImage, _ options: Picture.Options = Picture.Options()) throws -> Input {
        .image(try Picture(image), options)
    }
}
#endif

#if canImport(CoreVideo)
import CoreVideo

extension Picture {
    /// A picture of a camera or film, in 32 bits of blue, green, red and alpha (`kCVPixelFormatType_32BGRA`).
    ///
    /// - Throws: ``DunlinError`` of the kind `input` for other formats, and if its memory cannot be read
    public init(_ buffer: CVPixelBuffer) throws {
        let format = CVPixelBufferGetPixelFormatType(buffer)
        guard format == kCVPixelFormatType_32BGRA else {
            throw DunlinError(.input, "pixels of format \(format): kCVPixelFormatType_32BGRA is needed")
        }
        guard CVPixelBufferLockBaseAddress(buffer, .readOnly) == kCVReturnSuccess else {
            throw DunlinError(.input, "the picture's memory cannot be read")
        }
        defer { CVPixelBufferUnlockBaseAddress(buffer, .readOnly) }
        let (width, height) = (CVPixelBufferGetWidth(buffer), CVPixelBufferGetHeight(buffer))
        let bytesPerRow = CVPixelBufferGetBytesPerRow(buffer)
        guard let start = CVPixelBufferGetBaseAddress(buffer), bytesPerRow >= 4 * width else {
            throw DunlinError(.input, "the picture's memory cannot be read")
        }
        var pixels = [UInt8](repeating: 255, count: 4 * width * height)
        for y in 0..<height {
            let row = UnsafeRawBufferPointer(start: start + y * bytesPerRow, count: 4 * width)
            for x in 0..<width {
                for channel in 0..<3 { pixels[4 * (y * width + x) + channel] = row[4 * x + 2 - channel] }
            }
        }
        try self.init(width: width, height: height, rgba: pixels)
    }
}

extension Input {
    /// A picture of a camera or film, scaled and laid out as the model's input is declared.
    public static func image(_ buffer: CVPixelBuffer, _ options: Picture.Options = Picture.Options()) throws -> Input {
        .image(try Picture(buffer), options)
    }
}
#endif

#if canImport(CoreML)
import CoreML

extension Tensor {
    /// A tensor of an array of Core ML, which is copied once.
    public init<Element: MLShapedArrayScalar & TensorElement>(_ array: MLShapedArray<Element>) throws {
        self = try array.withUnsafeShapedBufferPointer { memory, shape, strides in
            guard strides == Tensor.strides(of: shape) else { return try Tensor(array.scalars, shape: shape) }
            return try Tensor(bytes: UnsafeRawBufferPointer(memory), type: Element.elementType, shape: shape)
        }
    }

    /// An array of Core ML with a copy of the elements.
    ///
    /// - Throws: ``DunlinError`` of the kind `dtype` if they are of another type
    public func shapedArray<Element: MLShapedArrayScalar & TensorElement>(
        of type: Element.Type
    ) throws -> MLShapedArray<Element> {
        MLShapedArray(scalars: try elements(of: type), shape: shape)
    }
}
#endif
