//! Splits messages into datagrams: a push into several pushes, a snapshot into parts. An [`Assembly`] joins the parts.

use super::meeting::Epochs;
use super::packet::{MAX_DATAGRAM, NotTaken, Packet, Part, Pushed, longest};
use multimaster::{Push, VersionVector};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The number of parts of a snapshot that are sent before the receiver asks for more. A socket's buffer holds this many
/// (Linux: 208 KiB by default). If all parts were sent at once, the buffer would drop the end of every long snapshot.
pub const WINDOW: u32 = 8;

/// The most parts of a snapshot, 8 MiB in all. This bounds the memory that a neighbour can make a master use.
pub const MAX_PARTS: u32 = 1024;

/// The number of ticks without a new part after which an assembly is dropped.
const PATIENCE: u8 = 3;

/// The push as several, each of at most `batch` changes and small enough for a datagram. Each extends the one before.
pub(super) fn pushes<E: Clone + Serialize>(push: Push<E>, batch: usize, epochs: &Epochs) -> Vec<Packet<E>> {
    let mut cut = Vec::new();
    let Push { mut extends, changes } = push;
    for some in changes.chunks(batch.max(1)) {
        let before = extends.clone();
        some.iter().for_each(|change| extends.insert(change.dot));
        halved(Push { extends: before, changes: some.into() }, epochs, &mut cut);
    }
    cut
}

/// Adds the push as one packet, or both its halves if one datagram cannot hold it.
fn halved<E: Clone + Serialize>(push: Push<E>, epochs: &Epochs, cut: &mut Vec<Packet<E>>) {
    let (first, second) = push.changes.split_at(push.changes.len() / 2);
    let packet = Packet::Push(Pushed::of(push.clone(), epochs));
    if first.is_empty() || packet.fits() {
        cut.push(packet);
        return;
    }
    let mut extends = push.extends.clone();
    first.iter().for_each(|change| extends.insert(change.dot));
    halved(Push { extends: push.extends.clone(), changes: first.into() }, epochs, cut);
    halved(Push { extends, changes: second.into() }, epochs, cut);
}

/// A snapshot that is being sent, as the texts of its parts. A master makes at most one a tick, however many masters
/// ask, because making one is O(table), and a request for one has a few bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Outgoing {
    pub(super) seen: VersionVector,
    texts: Arc<[String]>,
    /// Whether it was made since the last tick.
    pub(super) fresh: bool,
    /// Whether a part of it was sent since the last tick.
    used: bool,
}

impl Outgoing {
    /// The snapshot with the version vector `seen` and the JSON `text`, cut into parts for datagrams among so many
    /// masters. `None` if there would be more than [`MAX_PARTS`].
    pub(super) fn of(seen: &VersionVector, text: &str, masters: u16) -> Option<Outgoing> {
        let texts = cut(seen, text, masters)?.into();
        Some(Outgoing { seen: seen.clone(), texts, fresh: true, used: true })
    }

    /// Stands for a snapshot with too many parts: it has none.
    pub(super) fn empty(seen: &VersionVector) -> Outgoing {
        Outgoing { seen: seen.clone(), texts: Arc::new([]), fresh: true, used: true }
    }

    /// The parts to send next to a master that holds all parts before `first`: up to the end of that window.
    pub(super) fn window<'a>(&'a mut self, first: u32, epochs: &'a Epochs) -> impl Iterator<Item = Part> + 'a {
        self.used = true;
        let of = self.texts.len() as u32;
        let part = move |number: u32| {
            let text = self.texts.get(number as usize)?.clone();
            Some(Part { epochs: epochs.clone(), seen: self.seen.clone(), number, of, text })
        };
        window(first).map_while(part)
    }

    /// Called at each tick: whether to keep the snapshot. A snapshot that no master asks for any more only takes
    /// memory.
    pub(super) fn wait_on(&mut self) -> bool {
        self.fresh = false;
        std::mem::take(&mut self.used)
    }
}

/// The text in pieces, each small enough for a datagram as a [`Part`]. `None` if there would be more than
/// [`MAX_PARTS`].
fn cut(seen: &VersionVector, text: &str, masters: u16) -> Option<Vec<String>> {
    let (number, of) = (u32::MAX, u32::MAX);
    let around =
        Packet::<()>::Part(Part { epochs: longest(masters), seen: seen.clone(), number, of, text: String::new() });
    let room = MAX_DATAGRAM.checked_sub(around.to_bytes().ok()?.len())?;
    let mut texts = vec![String::new()];
    let mut left = room;
    for c in text.chars() {
        // As JSON escapes it within quotes. (JSON text contains no control characters.)
        let width = if matches!(c, '"' | '\\') { 2 } else { c.len_utf8() };
        if width > left {
            texts.push(String::new());
            left = room;
        }
        left -= width;
        texts.last_mut()?.push(c);
    }
    (texts.len() <= MAX_PARTS as usize).then_some(texts)
}

/// The numbers of those parts.
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

/// The result of adding a part.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It was the last one: the whole text.
    Whole(String),
    /// It is new, and the window is complete: ask for the next one.
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

    /// Adds a part. A part of a newer snapshot drops those of the older one.
    pub(super) fn add(&mut self, part: Part) -> Result<Added, NotTaken> {
        let Part { epochs: _, seen, number, of, text } = &part;
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
            // A late part may complete several windows at once.
            holds if before / WINDOW < holds / WINDOW => Added::AskOn,
            _ => Added::Kept,
        })
    }

    /// The number of parts that have arrived without a missing one before them.
    pub(super) fn holds(&self) -> u32 {
        (0..self.of).find(|number| !self.texts.contains_key(number)).unwrap_or(self.of)
    }

    /// Called at each tick: whether to keep the assembly. An assembly without new parts is dropped. Otherwise a false
    /// part of an impossibly new snapshot would keep out the parts of true ones for ever.
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
        let epochs = vec![1, 2].into();
        Part { epochs, seen: seen(count), number, of, text: format!("{count}.{number} ") }
    }

    #[test]
    fn parts_fit_and_make_the_text_again() {
        for text in ["{}".to_owned(), "\"\\".repeat(20_000), "é…𝄞x".repeat(9_000)] {
            let mut outgoing = Outgoing::of(&seen(3), &text, 2).unwrap();
            let epochs = longest(2);
            let windows = (0..3).map(|number| outgoing.window(number * WINDOW, &epochs).collect::<Vec<_>>());
            let parts: Vec<Part> = windows.collect::<Vec<_>>().concat();
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
        assert!(Outgoing::of(&seen(1), &"x".repeat(most), 2).is_none());
        assert!(Outgoing::of(&seen(1), &"x".repeat(most - 500 * MAX_PARTS as usize), 2).is_some());
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
