//! The edges of a graph, each encoded in a few bytes: [`Edge`].

use crate::model::bytes::{read_number, write_number};

/// An edge: a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Edge {
    /// The number of the target state.
    pub(crate) to: u32,
    /// The index of the step among those possible.
    pub(crate) action: u32,
    /// The label of the changes sent.
    pub(crate) label: u32,
}

impl Edge {
    /// The edge relative to which a state's first edge is encoded.
    pub(super) fn before_those_of(state: u32) -> Edge {
        Edge { to: state, action: u32::MAX, label: 0 }
    }

    pub(super) fn write(self, last: Edge, out: &mut Vec<u8>) {
        let next_action = self.action == last.action.wrapping_add(1);
        write_number(u64::from(self.label) << 1 | u64::from(!next_action), out);
        if !next_action {
            write_number(self.action.into(), out);
        }
        let apart = i64::from(self.to) - i64::from(last.to);
        write_number((apart << 1 ^ apart >> 63) as u64, out);
    }
}

/// Decodes the edges of a state, in order.
#[derive(Clone)]
pub(crate) struct Edges<'a> {
    bytes: &'a [u8],
    last: Edge,
}

impl Edges<'_> {
    /// The edges of `state`, from their bytes.
    pub(super) fn of(state: u32, bytes: &[u8]) -> Edges<'_> {
        Edges { bytes, last: Edge::before_those_of(state) }
    }
}

impl Iterator for Edges<'_> {
    type Item = Edge;

    fn next(&mut self) -> Option<Edge> {
        let label = read_number(&mut self.bytes)?;
        let next_action = self.last.action.wrapping_add(1);
        let action = if label & 1 == 0 { next_action } else { read_number(&mut self.bytes)? as u32 };
        let apart = read_number(&mut self.bytes)?;
        let apart = (apart >> 1) as i64 ^ -((apart & 1) as i64);
        let to = (i64::from(self.last.to) + apart) as u32;
        self.last = Edge { to, action, label: (label >> 1) as u32 };
        Some(self.last)
    }
}
