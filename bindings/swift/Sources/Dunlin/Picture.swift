// Pictures: scaled to the size that a model takes and laid out as its input is declared.

/// A picture in memory: rows from the top, four bytes a pixel, red, green, blue, and one that is not looked at.
///
/// On Apple systems it is made of a `CGImage` or a `CVPixelBuffer`.
public struct Picture: Sendable {
    /// Pixels in a row.
    public let width: Int

    /// Rows.
    public let height: Int

    let pixels: [UInt8]

    /// A picture of these bytes.
    ///
    /// - Throws: ``DunlinError`` of the kind `shape` if they are not four for each of the pixels, of which there must be some
    public init(width: Int, height: Int, rgba: [UInt8]) throws {
        let (n, overflows) = width.multipliedReportingOverflow(by: height)
        guard width > 0, height > 0, !overflows, n <= rgba.count, rgba.count % 4 == 0, rgba.count / 4 == n else {
            throw DunlinError(.shape, "\(width) x \(height) pixels of 4 bytes, got \(rgba.count) bytes")
        }
        (self.width, self.height, pixels) = (width, height, rgba)
    }

    /// How a picture becomes a tensor.
    public struct Options: Sendable {
        /// How it is fitted into the size that the model takes.
        public var scaling = Scaling.fill

        /// What is subtracted from red, green and blue, which go from 0 to 1, where the model takes floats.
        public var mean: [Float] = [0, 0, 0]

        /// What they are divided by then.
        public var deviation: [Float] = [1, 1, 1]

        /// All at their defaults.
        public init(scaling: Scaling = .fill, mean: [Float] = [0, 0, 0], deviation: [Float] = [1, 1, 1]) {
            (self.scaling, self.mean, self.deviation) = (scaling, mean, deviation)
        }

        /// The means and deviations of the pictures of ImageNet, which most classifiers were trained on.
        public static var imageNet: Options {
            Options(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
        }
    }

    /// How a picture is fitted into a size.
    public enum Scaling: Sendable {
        /// Its middle, in its proportions, fills the size.
        case fill
        /// All of it, in its proportions, amid black.
        case fit
        /// All of it fills the size.
        case stretch
    }

    /// A tensor of the picture in a shape: `[b, c, h, w]` or `[b, h, w, c]`, with or without `b`, which is 1; `c` is 1 (brightness) or 3.
    ///
    /// - Parameter type: `float32`, or `uint8` for values from 0 to 255
    /// - Throws: ``DunlinError`` of the kind `shape` for other shapes, `dtype` for other types
    public func tensor(
        type: ElementType = .float32,
        shape: [Int],
        _ options: Options = Options()
    ) throws -> Tensor {
        let layout = try Layout(shape)
        guard options.mean.count == 3, options.deviation.count == 3 else {
            throw DunlinError(.input, "a mean and a deviation are needed for red, green and blue")
        }
        let planes = scaled(width: layout.width, height: layout.height, options.scaling)
        switch type {
        case .float32:
            return try Tensor(type: type, shape: shape) { memory in
                layout.write(planes, to: memory.bindMemory(to: Float.self)) { value, channel in
                    (value / 255 - options.mean[channel]) / options.deviation[channel]
                }
            }
        case .uint8:
            return try Tensor(type: type, shape: shape) { memory in
                layout.write(planes, to: memory.bindMemory(to: UInt8.self)) { value, _ in
                    UInt8(min(max(value.rounded(), 0), 255))
                }
            }
        default: throw DunlinError(.elementType, "a picture cannot become a tensor of \(type)")
        }
    }

    /// A tensor as an input of a model is declared. Open sizes are those of the picture.
    func tensor(for port: Port, _ options: Options) throws -> Tensor {
        guard let type = port.type, let declared = port.shape else {
            throw DunlinError(.shape, "\(port.name) is \(port.typeText): a picture needs its shape")
        }
        return try tensor(type: type, shape: Layout.closed(declared, width: width, height: height), options)
    }
}

/// Where channels, rows and columns lie in a tensor.
private struct Layout {
    let channels, height, width: Int
    private let isPlanar: Bool

    init(_ shape: [Int]) throws {
        let sizes = shape.count == 4 && shape[0] == 1 ? Array(shape.dropFirst()) : shape
        guard sizes.count == 3, sizes.allSatisfy({ $0 > 0 }), let isPlanar = Layout.isPlanar(sizes) else {
            throw DunlinError(.shape, "a picture cannot become a tensor of shape \(shape)")
        }
        self.isPlanar = isPlanar
        channels = isPlanar ? sizes[0] : sizes[2]
        (height, width) = isPlanar ? (sizes[1], sizes[2]) : (sizes[0], sizes[1])
    }

    private static func isPlanar(_ sizes: [Int?]) -> Bool? {
        // Where both could be channels, colours are likelier than brightness.
        for channels in [3, 1] {
            if sizes[0] == channels { return true }
            if sizes[2] == channels { return false }
        }
        return nil
    }

    /// A shape with the picture's sizes where the model leaves them open.
    static func closed(_ declared: [Int?], width: Int, height: Int) -> [Int] {
        let n = declared.count
        guard n == 3 || n == 4 else { return declared.map { $0 ?? 1 } }
        let isPlanar = isPlanar(Array(declared.suffix(3))) ?? true
        let own = isPlanar ? [1, 3, height, width] : [1, height, width, 3]
        return zip(declared, own.suffix(n)).map { $0 ?? $1 }
    }

    /// Writes red, green and blue, or their brightness.
    func write<Element>(
        _ planes: [[Float]],
        to memory: UnsafeMutableBufferPointer<Element>,
        _ convert: (_ value: Float, _ channel: Int) -> Element
    ) {
        let n = width * height
        let channelStride = isPlanar ? n : 1
        let stride = isPlanar ? 1 : channels
        if channels == 1 {
            for i in 0..<n {
                let brightness = 0.299 * planes[0][i] + 0.587 * planes[1][i] + 0.114 * planes[2][i]
                memory[i] = convert(brightness, 0)
            }
            return
        }
        for channel in 0..<channels {
            for i in 0..<n { memory[channel * channelStride + i * stride] = convert(planes[channel][i], channel) }
        }
    }
}

extension Picture {
    /// Red, green and blue of the picture in another size, from 0 to 255.
    private func scaled(width newWidth: Int, height newHeight: Int, _ scaling: Scaling) -> [[Float]] {
        let (sx, sy) = (Double(width) / Double(newWidth), Double(height) / Double(newHeight))
        let step: (x: Double, y: Double) = switch scaling {
        case .stretch: (sx, sy)
        case .fill: (min(sx, sy), min(sx, sy))
        case .fit: (max(sx, sy), max(sx, sy))
        }
        let columns = Taps.all(newWidth, of: width, step: step.x)
        let rows = Taps.all(newHeight, of: height, step: step.y)
        return (0..<3).map { channel in
            var across = [Float](repeating: 0, count: newWidth * height)
            for y in 0..<height {
                for (x, taps) in columns.enumerated() {
                    across[y * newWidth + x] = taps.sum { Float(pixels[4 * (y * width + $0) + channel]) }
                }
            }
            var both = [Float](repeating: 0, count: newWidth * newHeight)
            for (y, taps) in rows.enumerated() {
                for x in 0..<newWidth { both[y * newWidth + x] = taps.sum { across[$0 * newWidth + x] } }
            }
            return both
        }
    }
}

/// Which pixels make up a new one, and how much each counts: a triangle as wide as the new pixel, and at least two old ones.
private struct Taps {
    let first: Int
    let weights: [Float]

    /// The taps of each of `n` new pixels, which lie `step` old ones apart around the middle of `count` old ones.
    static func all(_ n: Int, of count: Int, step: Double) -> [Taps] {
        let start = (Double(count) - Double(n) * step) / 2
        let radius = max(step, 1)
        return (0..<n).map { i in
            let middle = start + (Double(i) + 0.5) * step
            // Outside of the picture it is black.
            guard middle > 0, middle < Double(count) else { return Taps(first: 0, weights: []) }
            let first = max(Int((middle - radius + 0.5).rounded(.down)), 0)
            let end = min(Int((middle + radius + 0.5).rounded(.down)), count)
            let weights = (first..<end).map { max(1 - abs(Double($0) + 0.5 - middle) / radius, 0) }
            let sum = weights.reduce(0, +)
            return Taps(first: first, weights: weights.map { Float($0 / sum) })
        }
    }

    func sum(_ pixel: (Int) -> Float) -> Float {
        var sum: Float = 0
        for i in weights.indices { sum += weights[i] * pixel(first + i) }
        return sum
    }
}
