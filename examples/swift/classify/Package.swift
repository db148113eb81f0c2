// swift-tools-version:6.0
// The smallest program: README.md, "From Swift", says how to run it.

import PackageDescription

let package = Package(
    name: "Classify",
    platforms: [.macOS(.v12)],
    dependencies: [.package(path: "../../../bindings/swift")],
    targets: [.executableTarget(name: "Classify", dependencies: [.product(name: "Dunlin", package: "swift")])],
    swiftLanguageModes: [.v6]
)
