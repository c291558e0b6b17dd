//! Systems of the user's own: copies of any [`Node`] on a network, explored like the masters of [`world`](crate::world).

pub mod node;

pub use node::{Answer, Input, Node, NodeError, Stepped};
