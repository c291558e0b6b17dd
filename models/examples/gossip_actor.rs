//! A broadcast that survives losses, as a stateright actor: a node sends each new element to its neighbours once, and at
//! each tick of its timer it sends all that it has (anti-entropy).
//!
//! ```console
//! $ cargo run --release -p multimaster-models --example gossip_actor
//! ```

use multimaster::{Key, Op, Reading, Request, Topology};
use multimaster_models::system::actor::ActorNode;
use multimaster_models::verify::Failure;
use multimaster_models::verify::nodes::Checked;
use multimaster_models::verify_node;
use stateright::actor::{Actor, Id, Out, model_timeout};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A node, which knows its neighbours.
pub(crate) struct Gossip {
    pub(crate) neighbours: Vec<Id>,
    /// Whether the node sends all that it has from time to time.
    pub(crate) repairs: bool,
}

/// The elements, by the numbers of the requests that inserted them.
pub(crate) type Elements = BTreeMap<u32, String>;

impl Actor for Gossip {
    /// Elements to take in.
    type Msg = Elements;
    type State = Elements;
    type Timer = &'static str;
    type Random = ();
    type Storage = ();

    fn on_start(&self, _: Id, _: &Option<()>, out: &mut Out<Self>) -> Elements {
        if self.repairs {
            out.set_timer("gossip", model_timeout());
        }
        Elements::new()
    }

    fn on_msg(&self, _: Id, state: &mut Cow<'_, Elements>, from: Id, elements: Elements, out: &mut Out<Self>) {
        let new: Elements = elements.into_iter().filter(|(number, _)| !state.contains_key(number)).collect();
        if !new.is_empty() {
            state.to_mut().extend(new.clone());
            out.broadcast(self.neighbours.iter().filter(|neighbour| **neighbour != from), &new);
        }
    }

    fn on_timeout(&self, _: Id, state: &mut Cow<'_, Elements>, timer: &&'static str, out: &mut Out<Self>) {
        out.broadcast(&self.neighbours, state);
        out.set_timer(timer, model_timeout());
    }
}

/// The message for a client's request.
pub(crate) fn ask(number: u32, request: &Request) -> Elements {
    match &request.op {
        Op::Insert(element) => Elements::from([(number, element.to_string())]),
        other => panic!("the node takes only `insert`, not {other:?}"),
    }
}

/// What a client reads.
pub(crate) fn read(state: &Elements, _: &Key) -> Reading {
    Reading::Elements(state.values().map(|element| element.as_str().into()).collect())
}

/// A line of three nodes; one message is lost.
pub(crate) fn check(repairs: bool) -> Result<Checked, Failure> {
    let make = move |_, neighbours: &[Id]| Gossip { neighbours: neighbours.to_vec(), repairs };
    let node = ActorNode::new(make, ask, read).seen(|state| state.keys().copied().collect());
    let line = Topology::star(3).expect("a topology");
    verify_node(node).topology(line).requests(["B: insert red into tags", "C: insert blue into tags"]).losses(1).run()
}

fn main() {
    for repairs in [true, false] {
        println!("with anti-entropy: {repairs}");
        match check(repairs) {
            Ok(checked) => println!("{checked}"),
            Err(failure) => println!("{failure}"),
        }
    }
}
