//! A node under watch: [`Watched`].

use super::node::{Input, Node, NodeError, Service, Stepped};
use multimaster::{Key, MasterId, Reading, Topology};
use std::any::Any;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A node that takes each step twice. If the results differ, or the node panics, it is [at fault](NodeError).
pub struct Watched<N>(pub N);

/// Asks twice.
fn asked<T: PartialEq + Debug>(what: &str, ask: impl Fn() -> Result<T, NodeError>) -> Result<T, NodeError> {
    let once = || catch_unwind(AssertUnwindSafe(&ask)).unwrap_or_else(|panic| Err(panicked(&*panic)));
    let (first, second) = (once()?, once()?);
    if first != second {
        let what = format!("{what} twice, it answers {first:?} and then {second:?}");
        return Err(NodeError(format!("{what}: a node has no clock, no randomness and no memory outside its state")));
    }
    Ok(first)
}

fn panicked(panic: &(dyn Any + Send)) -> NodeError {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    NodeError(format!("it panics: {}", text.as_deref().unwrap_or("without a message")))
}

impl<N: Node> Node for Watched<N> {
    type State = N::State;
    type Message = N::Message;

    fn start(&self, id: MasterId, topology: &Topology) -> Result<Stepped<N::State, N::Message>, NodeError> {
        asked("started", || self.0.start(id, topology))
    }

    fn step(
        &self,
        id: MasterId,
        state: &N::State,
        input: Input<'_, N::Message>,
    ) -> Result<Stepped<N::State, N::Message>, NodeError> {
        asked("given this input", || self.0.step(id, state, input))
    }

    fn service(&self) -> Service {
        self.0.service()
    }

    fn read(&self, id: MasterId, state: &N::State, key: &Key) -> Result<Reading, NodeError> {
        asked("read", || self.0.read(id, state, key))
    }

    fn ticks(&self, id: MasterId, state: &N::State) -> Vec<String> {
        self.0.ticks(id, state)
    }

    fn seen(&self, id: MasterId, state: &N::State) -> Option<BTreeSet<u32>> {
        self.0.seen(id, state)
    }
}
