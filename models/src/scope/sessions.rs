//! Clients that may change their master: [`Session`].

use multimaster::{Key, MasterId, Request};
use std::fmt;

/// A client that makes its requests in order, each at any of several masters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub name: String,
    /// The masters that it may use.
    pub at: Vec<MasterId>,
    /// Its requests, in order.
    pub calls: Vec<Call>,
    /// Whether it carries a token: the version vector of the writes that it has made, and of those that its reads may
    /// have reflected. A master that has not seen all of them lets the request wait.
    pub token: bool,
}

/// A request of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Reads a key.
    Read(Key),
    /// Writes.
    Write(Request),
}

/// As scenario files spell it.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Read(key) => write!(f, "read {key}"),
            Call::Write(request) => request.fmt(f),
        }
    }
}
