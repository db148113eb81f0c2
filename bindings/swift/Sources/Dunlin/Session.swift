// Sessions: repeated runs that keep buffers and states, one by one or over a stream.

internal import DunlinFFI

/// Repeated runs of one model, with kept buffers and the model's states (``LoadOptions/states``).
///
/// One call at a time: a second one fails with an error of the kind `busy`. It does not end with its model.
public final class Session: Running {
    private let ffi: DunlinFFI.Session
    let ports: Ports

    init(_ ffi: DunlinFFI.Session, _ ports: Ports) {
        (self.ffi, self.ports) = (ffi, ports)
    }

    /// Runs the model on inputs by name. Those that are states may be left out from the second run on.
    ///
    /// - Throws: ``DunlinError`` as a model's run; states are then as before the run
    public func run(_ inputs: [String: Input], options: RunOptions) throws -> Outputs {
        try finish(ports.lowered(inputs), options)
    }

    /// Runs the model on inputs by name, on threads of Dunlin's. Cancelling the task cancels the run.
    ///
    /// - Throws: ``DunlinError`` as a model's run; states are then as before the run
    public func run(_ inputs: [String: Input], options: RunOptions) async throws -> Outputs {
        try await finish(ports.lowered(inputs), options)
    }

    /// Runs the model on inputs in its order; otherwise as with names.
    public func run(inOrder inputs: [Input], options: RunOptions) throws -> Outputs {
        try finish(ports.lowered(inputs), options)
    }

    /// Runs the model on inputs in its order; otherwise as with names.
    public func run(inOrder inputs: [Input], options: RunOptions) async throws -> Outputs {
        try await finish(ports.lowered(inputs), options)
    }

    /// Runs the model on each of a stream of inputs, in order: pieces of a sound, pictures of a film.
    public func runs<Base: AsyncSequence>(over inputs: Base, options: RunOptions = RunOptions()) -> Runs<Base>
    where Base.Element == [String: Input] {
        Runs(session: self, inputs: inputs, options: options)
    }

    func start(_ inputs: [DunlinFFI.Input], _ options: DunlinFFI.RunOptions) throws -> RunResult {
        try ffi.run(inputs: inputs, options: options)
    }

    func start(_ inputs: [DunlinFFI.Input], _ options: DunlinFFI.RunOptions) async throws -> RunResult {
        try await ffi.runAsync(inputs: inputs, options: options)
    }

    /// Sets a state by the name of its input.
    ///
    /// - Throws: ``DunlinError`` of the kind `not-found` if no such state was declared
    public func setState(_ input: String, to value: Tensor) throws {
        try calling { try ffi.setState(input: input, value: value.ffi) }
    }

    /// A state by the name of its input; `nil` before the first run.
    ///
    /// - Throws: ``DunlinError`` of the kind `not-found` if no such state was declared
    public func state(_ input: String) throws -> Tensor? {
        try calling { try ffi.state(input: input) }.map { try Tensor($0, $0.info()) }
    }

    /// Forgets all states: the next run starts anew.
    ///
    /// - Throws: ``DunlinError`` of the kind `busy` if a run is under way
    public func reset() throws {
        try calling { try ffi.reset() }
    }
}

/// The outputs of a session's runs over a stream of inputs, as ``Session/runs(over:options:)`` makes it.
public struct Runs<Base: AsyncSequence>: AsyncSequence where Base.Element == [String: Input] {
    /// What one run gives.
    public typealias Element = Outputs

    let session: Session
    let inputs: Base
    let options: RunOptions

    /// Takes inputs from the stream and runs them, one after the other.
    public struct Iterator: AsyncIteratorProtocol {
        let session: Session
        var inputs: Base.AsyncIterator
        let options: RunOptions

        /// The outputs of the next run; `nil` after the last.
        public mutating func next() async throws -> Outputs? {
            guard let next = try await inputs.next() else { return nil }
            return try await session.run(next, options: options)
        }
    }

    /// Begins with the stream's first inputs.
    public func makeAsyncIterator() -> Iterator {
        Iterator(session: session, inputs: inputs.makeAsyncIterator(), options: options)
    }
}

extension Runs: Sendable where Base: Sendable {}
