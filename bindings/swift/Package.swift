// swift-tools-version:6.0
// The package `Dunlin`: the layer that programs import, over the generated module `DunlinFFI`, over the native library.
//
// On Apple systems the library is an XCFramework, which `cargo xtask swift` lays out here as Dunlin.xcframework. Elsewhere it is a libdunlin
// that was built with the feature `uniffi`: the environment variable DUNLIN_LIBRARY names the folder that it lies in.

import PackageDescription

#if canImport(Darwin)
let native: Target = .binaryTarget(name: "CDunlinFFI", path: "Dunlin.xcframework")
let linking: [LinkerSetting] = []
#else
let native: Target = .systemLibrary(name: "CDunlinFFI")
let folder = Context.environment["DUNLIN_LIBRARY"]
let linking: [LinkerSetting] = folder.map { [.unsafeFlags(["-L\($0)", "-Xlinker", "-rpath", "-Xlinker", $0])] } ?? []
#endif

let package = Package(
    name: "Dunlin",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Dunlin", targets: ["Dunlin"])],
    targets: [
        native,
        .target(
            name: "DunlinFFI",
            dependencies: ["CDunlinFFI"],
            path: "generated",
            exclude: ["CDunlinFFI.h", "CDunlinFFI.modulemap"],
            linkerSettings: linking
        ),
        .target(name: "Dunlin", dependencies: ["DunlinFFI"]),
        .testTarget(name: "DunlinTests", dependencies: ["Dunlin"]),
        .executableTarget(name: "Figures", dependencies: ["Dunlin"], path: "Tests/Figures"),
    ],
    swiftLanguageModes: [.v6]
)
