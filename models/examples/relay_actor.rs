//! The protocol of the article as a stateright actor: a master applies what a client or a neighbour sets, and passes it on
//! to its other neighbours. Two clients write at the same time, and the masters disagree for ever.
//!
//! ```console
//! $ cargo run --release -p multimaster-models --example relay_actor
//! ```

use multimaster::{Key, Op, Reading, Request, Topology};
use multimaster_models::system::actor::ActorNode;
use multimaster_models::verify::Failure;
use multimaster_models::verify::nodes::Checked;
use multimaster_models::verify_node;
use stateright::actor::{Actor, Id, Out};
use std::borrow::Cow;

/// A master, which knows its neighbours.
pub(crate) struct Master {
    pub(crate) neighbours: Vec<Id>,
}

impl Actor for Master {
    /// The new value.
    type Msg = String;
    /// The value.
    type State = Option<String>;
    type Timer = ();
    type Random = ();
    type Storage = ();

    fn on_start(&self, _: Id, _: &Option<()>, _: &mut Out<Self>) -> Option<String> {
        None
    }

    fn on_msg(&self, _: Id, state: &mut Cow<'_, Option<String>>, from: Id, value: String, out: &mut Out<Self>) {
        *state.to_mut() = Some(value.clone());
        let others = self.neighbours.iter().filter(|neighbour| **neighbour != from);
        out.broadcast(others, &value);
    }
}

/// The message for a client's request.
pub(crate) fn ask(_: u32, request: &Request) -> String {
    match &request.op {
        Op::Set(value) => value.to_string(),
        other => panic!("the master takes only `set`, not {other:?}"),
    }
}

/// What a client reads.
pub(crate) fn read(state: &Option<String>, _: &Key) -> Reading {
    state.as_ref().map_or(Reading::Nothing, |value| Reading::Value(value.as_str().into()))
}

/// A star of three masters, of which A is the hub.
pub(crate) fn check() -> Result<Checked, Failure> {
    let node = ActorNode::new(|_, neighbours| Master { neighbours: neighbours.to_vec() }, ask, read);
    let star = Topology::star(3).expect("a topology");
    verify_node(node).topology(star).requests(["B: set k = 1", "C: set k = 2"]).run()
}

fn main() {
    match check() {
        Ok(checked) => println!("{checked}"),
        Err(failure) => println!("{failure}"),
    }
}
