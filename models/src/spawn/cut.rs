//! Making messages fit datagrams: a push becomes several, a snapshot parts, which an [`Assembly`] puts together again.

use super::packet::{MAX_DATAGRAM, NotTaken, Packet, Part};
use multimaster::{Push, VersionVector};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many parts of a snapshot are sent before the receiver asks for more: a burst that a socket's buffer holds (Linux
/// gives it 208 KiB unless told otherwise). Sent at once, the end of a long snapshot would be dropped every time.
pub const WINDOW: u32 = 8;

/// The most parts of a snapshot, 8 MiB in all: so much memory a neighbour can make a master take.
pub const MAX_PARTS: u32 = 1024;

/// Ticks without a new part after which an assembly is given up.
const PATIENCE: u8 = 3;

/// Pushes that each fit a datagram, each extending what the one before brought.
pub(super) fn pushes<E: Clone + Serialize>(push: Push<E>) -> Vec<Packet<E>> {
    let packet = Packet::Push(push);
    let Packet::Push(push) = &packet else { unreachable!("made one line above") };
    if push.changes.len() < 2 || packet.fits() {
        return vec![packet];
    }
    let (first, second) = push.changes.split_at(push.changes.len() / 2);
    let mut extends = push.extends.clone();
    first.iter().for_each(|change| extends.insert(change.dot));
    let mut cut = pushes(Push { extends: push.extends.clone(), changes: first.into() });
    cut.extend(pushes(Push { extends, changes: second.into() }));
    cut
}

/// The parts of the snapshot of `seen` that reads `text` as JSON, each of which fits a datagram. `None` if there would be
/// more than [`MAX_PARTS`].
pub(super) fn parts(seen: &VersionVector, text: &str) -> Option<Vec<Part>> {
    let around = Packet::<()>::Part(Part { seen: seen.clone(), number: u32::MAX, of: u32::MAX, text: String::new() });
    let room = MAX_DATAGRAM.checked_sub(around.to_bytes().ok()?.len())?;
    let mut texts = vec![String::new()];
    let mut left = room;
    for c in text.chars() {
        // As JSON has it within quotes; JSON itself holds no control characters.
        let width = if matches!(c, '"' | '\\') { 2 } else { c.len_utf8() };
        if width > left {
            texts.push(String::new());
            left = room;
        }
        left -= width;
        texts.last_mut()?.push(c);
    }
    let of = u32::try_from(texts.len()).ok().filter(|of| *of <= MAX_PARTS)?;
    let part = |(number, text)| Part { seen: seen.clone(), number, of, text };
    Some((0..).zip(texts).map(part).collect())
}

/// The numbers of the parts to send next to one who holds all before `first`: up to the end of that window.
pub(super) fn window(first: u32) -> std::ops::Range<u32> {
    first..first.saturating_add(1).checked_next_multiple_of(WINDOW).unwrap_or(u32::MAX)
}

/// The parts of one snapshot that have come so far. Only one is kept for each neighbour: the newest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Assembly {
    pub(super) seen: VersionVector,
    of: u32,
    texts: BTreeMap<u32, String>,
    idle: u8,
}

/// What became of a part.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It was the last one: here is the text.
    Whole(String),
    /// It is new, and the window is full: time to ask for the next.
    AskOn,
    /// It is new.
    Kept,
    /// It had come before, or is of an older snapshot.
    Known,
}

impl Assembly {
    pub(super) fn of(part: &Part) -> Assembly {
        Assembly { seen: part.seen.clone(), of: part.of, texts: BTreeMap::new(), idle: 0 }
    }

    /// Adds a part. One of a newer snapshot begins anew: the two must not be mixed.
    pub(super) fn add(&mut self, part: Part) -> Result<Added, NotTaken> {
        let Part { seen, number, of, text } = &part;
        if !(1..=MAX_PARTS).contains(of) || number >= of {
            return Err(NotTaken::Part(format!("part {number} of {of}: there are 1 to {MAX_PARTS}, from number 0")));
        }
        if *seen != self.seen {
            if self.seen.covers(seen) {
                return Ok(Added::Known);
            }
            *self = Assembly::of(&part);
        } else if *of != self.of {
            return Err(NotTaken::Part(format!("a part of {of} of a snapshot of {seen}, which has {}", self.of)));
        }
        if self.texts.contains_key(number) {
            return Ok(Added::Known);
        }
        let before = self.holds();
        self.texts.insert(*number, text.clone());
        self.idle = 0;
        let holds = self.holds();
        Ok(match holds {
            holds if holds == self.of => Added::Whole(self.texts.values().map(String::as_str).collect()),
            // Several windows' ends at once if a part was late.
            holds if before / WINDOW < holds / WINDOW => Added::AskOn,
            _ => Added::Kept,
        })
    }

    /// How many parts have come without one missing before them.
    pub(super) fn holds(&self) -> u32 {
        (0..self.of).find(|number| !self.texts.contains_key(number)).unwrap_or(self.of)
    }

    /// Time has passed: whether to go on waiting. One that gets no more parts is given up, lest a part that claims to be
    /// of a snapshot newer than all keep the right ones out for ever.
    pub(super) fn wait_on(&mut self) -> bool {
        self.idle += 1;
        self.idle <= PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(count: u64) -> VersionVector {
        vec![count].into()
    }

    fn part(count: u64, number: u32, of: u32) -> Part {
        Part { seen: seen(count), number, of, text: format!("{count}.{number} ") }
    }

    #[test]
    fn parts_fit_and_make_the_text_again() {
        for text in ["{}".to_owned(), "\"\\".repeat(20_000), "é…𝄞x".repeat(9_000)] {
            let parts = parts(&seen(3), &text).unwrap();
            let whole: String = parts.iter().map(|part| part.text.as_str()).collect();
            assert_eq!(whole, text);
            for part in parts {
                let bytes = Packet::<()>::Part(part.clone()).to_bytes().unwrap();
                assert!(bytes.len() <= MAX_DATAGRAM, "{}", bytes.len());
                assert!(part.number + 1 == part.of || bytes.len() > MAX_DATAGRAM - 40, "room wasted: {}", bytes.len());
            }
        }
    }

    #[test]
    fn a_snapshot_of_more_parts_than_anyone_would_keep_is_not_cut() {
        let most = MAX_DATAGRAM * MAX_PARTS as usize;
        assert!(parts(&seen(1), &"x".repeat(most)).is_none());
        assert!(parts(&seen(1), &"x".repeat(most - 100 * MAX_PARTS as usize)).is_some());
    }

    #[test]
    fn parts_in_any_order_and_twice_make_one_whole() {
        let mut assembly = Assembly::of(&part(5, 2, 3));
        assert_eq!(assembly.add(part(5, 2, 3)), Ok(Added::Kept));
        assert_eq!(assembly.add(part(5, 2, 3)), Ok(Added::Known));
        assert_eq!(assembly.add(part(5, 0, 3)), Ok(Added::Kept));
        assert_eq!(assembly.holds(), 1);
        assert_eq!(assembly.add(part(5, 1, 3)), Ok(Added::Whole("5.0 5.1 5.2 ".into())));
    }

    #[test]
    fn parts_of_two_snapshots_are_never_mixed() {
        let mut assembly = Assembly::of(&part(5, 0, 2));
        assert_eq!(assembly.add(part(5, 0, 2)), Ok(Added::Kept));
        assert_eq!(assembly.add(part(4, 1, 2)), Ok(Added::Known), "an older one");
        assert_eq!(assembly.add(part(6, 1, 2)), Ok(Added::Kept), "a newer one begins anew");
        assert_eq!(assembly.add(part(5, 1, 2)), Ok(Added::Known));
        assert_eq!(assembly.add(part(6, 0, 2)), Ok(Added::Whole("6.0 6.1 ".into())));
    }

    #[test]
    fn parts_that_cannot_be_are_refused() {
        let mut assembly = Assembly::of(&part(5, 0, 2));
        for (number, of) in [(0, 0), (2, 2), (0, MAX_PARTS + 1), (0, 3), (u32::MAX, u32::MAX)] {
            assert!(matches!(assembly.add(part(5, number, of)), Err(NotTaken::Part(_))), "{number} of {of}");
        }
        assert_eq!(assembly, Assembly::of(&part(5, 0, 2)));
    }

    #[test]
    fn a_window_ends_where_the_receiver_asks_on() {
        assert_eq!(window(0), 0..WINDOW);
        assert_eq!(window(3), 3..WINDOW, "what was lost, and the rest of that window");
        assert_eq!(window(WINDOW), WINDOW..2 * WINDOW);
        assert!(window(u32::MAX).is_empty());
        let mut assembly = Assembly::of(&part(5, 0, 2 * WINDOW));
        let asks: Vec<u32> =
            (0..2 * WINDOW).filter(|n| assembly.add(part(5, *n, 2 * WINDOW)) == Ok(Added::AskOn)).collect();
        assert_eq!(asks, [WINDOW - 1]);
    }
}
