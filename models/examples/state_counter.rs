//! A counter whose nodes send each other their whole state, as a node of your own: [`Counter`] implements
//! [`Node`] directly. `Counter { merge: u64::max }` is sound. `Counter { merge: |ours, theirs| ours + theirs }` counts a
//! message that arrives twice twice.
//!
//! ```console
//! $ cargo run --release -p multimaster-models --example state_counter
//! ```

use multimaster::{Key, MasterId, Op, Reading, Topology};
use multimaster_models::system::{Answer, Input, Node, NodeError, Stepped};
use multimaster_models::verify::Failure;
use multimaster_models::verify::nodes::Checked;
use multimaster_models::verify_node;

/// A counter of the additions made at each node.
pub(crate) struct Counter {
    /// Merges the counts of one node.
    pub(crate) merge: fn(u64, u64) -> u64,
}

/// By node, the sum of the additions there.
type Counts = Vec<u64>;

impl Node for Counter {
    type State = Counts;
    type Message = Counts;

    fn start(&self, _: MasterId, topology: &Topology) -> Result<Stepped<Counts, Counts>, NodeError> {
        Ok(Stepped::to(vec![0; topology.masters().into()]))
    }

    fn step(
        &self,
        id: MasterId,
        state: &Counts,
        input: Input<'_, Counts>,
    ) -> Result<Stepped<Counts, Counts>, NodeError> {
        let mut next = state.clone();
        match input {
            Input::Request { number, request } => {
                let Op::Add(amount @ 0..) = request.op else {
                    let refused = Answer::Refused("a counter only grows".into());
                    return Ok(Stepped { answers: vec![(number, refused)], ..Stepped::to(next) });
                };
                next[id.index()] += amount.unsigned_abs();
                return Ok(to_all(id, next).done(number));
            }
            Input::Message { message, .. } => {
                next.iter_mut().zip(message).for_each(|(ours, theirs)| *ours = (self.merge)(*ours, *theirs));
            }
            Input::Tick(_) => return Ok(to_all(id, next)),
            Input::Restart => {}
        }
        Ok(Stepped::to(next))
    }

    fn read(&self, _: MasterId, state: &Counts, _: &Key) -> Result<Reading, NodeError> {
        Ok(Reading::Total(state.iter().sum::<u64>() as i64))
    }

    fn ticks(&self, _: MasterId, _: &Counts) -> Vec<String> {
        vec!["send all".into()]
    }
}

/// Sends this state to all other nodes.
fn to_all(id: MasterId, state: Counts) -> Stepped<Counts, Counts> {
    let others = (0..state.len() as u16).map(MasterId).filter(|other| *other != id);
    let sends = others.map(|other| (other, state.clone())).collect();
    Stepped { sends, ..Stepped::to(state) }
}

/// Two nodes; one message is lost, and one arrives twice.
pub(crate) fn check(merge: fn(u64, u64) -> u64) -> Result<Checked, Failure> {
    verify_node(Counter { merge })
        .requests(["A: add 1 to k", "B: add 2 to k"])
        .losses(1)
        .duplicates(1)
        .at_most(20_000)
        .run()
}

fn main() {
    match check(u64::max) {
        Ok(checked) => println!("max:\n{checked}"),
        Err(failure) => println!("max:\n{failure}"),
    }
    match check(|ours, theirs| ours + theirs) {
        Ok(checked) => println!("sum:\n{checked}"),
        Err(failure) => println!("sum:\n{failure}"),
    }
}
