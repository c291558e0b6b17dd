//! The steps by which states were first reached: [`Reached`].

use crate::check::engine::Path;
use std::iter;

/// By number, the predecessor from which a state was first reached, and the step. It takes little more than a byte a
/// state: states are numbered in the order of discovery, so a state's predecessor is that of the state before it or one
/// soon after.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    /// By number, the index of each initial state among the model's.
    initial: Vec<usize>,
    blocks: Vec<Block>,
    states: usize,
    last: u32,
}

/// The steps to `BLOCK` states.
#[derive(Debug)]
struct Block {
    /// The predecessor of the last state before the block.
    before: u32,
    bytes: Vec<u8>,
}

const BLOCK: usize = 1024;
/// The first byte of a step that does not fit one byte.
const LONG: u8 = u8::MAX;

impl Reached {
    /// The first states are the initial ones, given by their indices among the model's.
    pub(crate) fn new(initial: Vec<usize>) -> Reached {
        let states = initial.len();
        Reached { initial, states, ..Reached::default() }
    }

    /// The indices of the initial states among the model's.
    pub(crate) fn starts(&self) -> &[usize] {
        &self.initial
    }

    /// Adds the next state: the number of its predecessor, which is not below that of the state before, and the index
    /// of the step among those possible there.
    pub(crate) fn push(&mut self, parent: u32, place: u32) {
        if (self.states - self.initial.len()).is_multiple_of(BLOCK) {
            self.blocks.last_mut().into_iter().for_each(|block| block.bytes.shrink_to_fit());
            self.blocks.push(Block { before: self.last, bytes: Vec::new() });
        }
        self.states += 1;
        let apart = parent.checked_sub(self.last).expect("states are numbered in the order of discovery");
        self.last = parent;
        let bytes = &mut self.blocks.last_mut().expect("a block was begun").bytes;
        match u8::try_from(place) {
            Ok(place) if apart < 4 && place < 63 => bytes.push(place << 2 | apart as u8),
            _ => {
                bytes.push(LONG);
                bytes.extend(apart.to_le_bytes());
                bytes.extend(place.to_le_bytes());
            }
        }
    }

    /// The steps from the one at `from` on, given by block and byte, in pieces, and the place after the last.
    pub(crate) fn bytes_from(&self, (block, byte): (usize, usize)) -> (impl Iterator<Item = &[u8]>, (usize, usize)) {
        let first = self.blocks.get(block).map_or(&[][..], |first| &first.bytes[byte..]);
        let others = self.blocks.iter().skip(block + 1).map(|block| &block.bytes[..]);
        let end = (self.blocks.len().saturating_sub(1), self.blocks.last().map_or(0, |last| last.bytes.len()));
        (iter::once(first).chain(others).filter(|bytes| !bytes.is_empty()), end)
    }

    /// Adds the steps of one such piece.
    pub(crate) fn push_bytes(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (apart, place) = next_step(&mut bytes);
            self.push(self.last + apart, place);
        }
    }

    /// The path by which a state was first reached, which is a shortest one. The time is proportional to its length.
    pub(crate) fn path_to(&self, state: usize) -> Path {
        let (mut steps, mut at) = (Vec::new(), state);
        while at >= self.initial.len() {
            let (parent, place) = self.step_to(at);
            steps.push(place as usize);
            at = parent as usize;
        }
        steps.reverse();
        Path { start: self.initial.get(at).copied().unwrap_or(0), steps }
    }

    /// The predecessor and the step by which a state that is not initial was first reached.
    fn step_to(&self, state: usize) -> (u32, u32) {
        let place = state - self.initial.len();
        let Block { before, bytes } = &self.blocks[place / BLOCK];
        let (mut bytes, mut parent, mut step) = (&bytes[..], *before, 0);
        for _ in 0..=place % BLOCK {
            let (apart, place) = next_step(&mut bytes);
            (parent, step) = (parent + apart, place);
        }
        (parent, step)
    }
}

/// Takes the next step from the front: the distance of its predecessor from the one before, and its index.
pub(crate) fn next_step(bytes: &mut &[u8]) -> (u32, u32) {
    let apart;
    let place;
    (apart, place, *bytes) = match **bytes {
        [LONG, a, b, c, d, e, f, g, h, ref rest @ ..] => {
            (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]), rest)
        }
        [short, ref rest @ ..] => (u32::from(short & 3), u32::from(short >> 2), rest),
        [] => unreachable!("a block has a step for each of its states"),
    };
    (apart, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_as_they_were_added() {
        let mut reached = Reached::new(vec![4, 7]);
        let mut added = Vec::new();
        let mut parent = 0;
        for state in 2..5000u32 {
            parent = (parent + [0, 1, 3, 0, 4, 0][state as usize % 6]).min(state - 1);
            let place = [0, 62, 63, 5, 300, 70_000][state as usize % 6];
            reached.push(parent, place);
            added.push((parent, place));
        }
        for (state, step) in (2..).zip(&added) {
            assert_eq!(reached.step_to(state), *step, "{state}");
        }
        assert_eq!(reached.path_to(1), Path { start: 7, steps: Vec::new() });
        let (mut at, mut steps) = (4999, Vec::new());
        while at > 1 {
            let (parent, place) = added[at - 2];
            steps.insert(0, place as usize);
            at = parent as usize;
        }
        assert_eq!(reached.path_to(4999).steps, steps);
        assert!(steps.len() > 3);
    }

    #[test]
    fn most_steps_take_one_byte() {
        let mut reached = Reached::new(vec![0]);
        (0..100_000).for_each(|state| reached.push(state / 5, state % 7));
        let bytes: usize = reached.blocks.iter().map(|block| block.bytes.len()).sum();
        assert_eq!(bytes, 100_000);
    }
}
