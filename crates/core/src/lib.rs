//! The API people learn: Model, Session, Tensor, Options, Error, Report.
