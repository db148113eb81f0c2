// What can go wrong.

internal import DunlinFFI
import Foundation

/// What Dunlin could not do, where, and what to do about it.
///
/// A task that is cancelled ends with `CancellationError`, as everywhere; the kind ``Kind-swift.enum/cancelled`` is for what a ``Cancel`` ended.
public struct DunlinError: Error, Sendable, Equatable {
    /// What kind of thing went wrong. The raw values are the names that Dunlin's other languages use.
    public enum Kind: String, Sendable, CaseIterable {
        /// A file could not be opened or read.
        case io
        /// The bytes are not a model, or damaged.
        case format
        /// The model needs something that Dunlin does not have.
        case unsupported
        /// The model's graph is not well formed.
        case graph
        /// Shapes within the model, or of its inputs, do not fit.
        case shape
        /// Element types do not fit.
        case elementType = "dtype"
        /// An input is missing, unknown, or has values that the model does not allow.
        case input
        /// No memory.
        case outOfMemory = "out-of-memory"
        /// One of the limits was reached.
        case limit
        /// Something that was asked for by name does not exist.
        case notFound = "not-found"
        /// Contents do not match their checksum or reference.
        case integrity
        /// A node cannot run on the device, and falling back is denied.
        case placement
        /// The device failed, or is not in this build.
        case device
        /// A ``Cancel`` ended the load or run.
        case cancelled
        /// The load or run took longer than it may.
        case deadline
        /// A bug in Dunlin: please report it with the model and the input.
        case `internal`
        /// The session is in the middle of another call.
        case busy
    }

    /// What kind of thing went wrong.
    public let kind: Kind

    /// All that there is to say in one line, the place and the hint included.
    public let message: String

    /// What is wrong, without the place.
    public let detail: String

    /// The node of the model, by its name.
    public let node: String?

    /// The node's operator.
    public let `operator`: String?

    /// The model's file, if it came from one.
    public let file: String?

    /// The byte of the file that is wrong, or where the node begins.
    public let offset: UInt64?

    /// What to do about it, if there is something.
    public let hint: String?

    init(_ kind: Kind, _ message: String) {
        (self.kind, self.message, detail) = (kind, message, message)
        (node, `operator`, file, offset, hint) = (nil, nil, nil, nil, nil)
    }

    init(_ failure: DunlinFFI.DunlinError) {
        switch failure {
        case .Failed(let kind, let text, let detail, let node, let op, let file, let offset, let hint):
            self.kind = Kind(kind)
            (message, self.detail, self.node, self.operator) = (text, detail, node, op)
            (self.file, self.offset, self.hint) = (file, offset, hint)
        }
    }
}

extension DunlinError: LocalizedError, CustomStringConvertible {
    /// The message.
    public var description: String { message }

    /// The message.
    public var errorDescription: String? { message }

    /// The hint.
    public var recoverySuggestion: String? { hint }
}

extension DunlinError.Kind {
    init(_ kind: DunlinFFI.ErrorKind) {
        switch kind {
        case .io: self = .io
        case .format: self = .format
        case .unsupported: self = .unsupported
        case .graph: self = .graph
        case .shape: self = .shape
        case .dType: self = .elementType
        case .input: self = .input
        case .outOfMemory: self = .outOfMemory
        case .limit: self = .limit
        case .notFound: self = .notFound
        case .integrity: self = .integrity
        case .placement: self = .placement
        case .device: self = .device
        case .cancelled: self = .cancelled
        case .deadline: self = .deadline
        case .internal: self = .internal
        case .busy: self = .busy
        }
    }
}

/// Calls the binding; its errors become ours.
func calling<R>(_ call: () throws -> R) throws -> R {
    do { return try call() } catch { throw translated(error) }
}

/// An error of the binding as ours.
func translated(_ error: any Error) -> any Error {
    switch error {
    case let failure as DunlinFFI.DunlinError: DunlinError(failure)
    case is DunlinError, is CancellationError: error
    default: DunlinError(.internal, error.localizedDescription)
    }
}
