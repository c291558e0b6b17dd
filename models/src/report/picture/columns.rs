//! The columns of a picture: as narrow as their texts allow, and narrow enough that five fit on a screen.

use super::text::{width, wrapped};
use super::{Diagram, Row};
use crate::subject::Arrow;

/// The left end of the columns. The numbers of the steps are left of it.
pub(super) const GUTTER: usize = 34;
/// The least distance between columns, and between the last one and the edge.
pub(super) const GAP: usize = 12;
/// The size of text, and of remarks.
pub(super) const SIZE: usize = 13;
pub(super) const SMALL: usize = 12;
/// The widest picture of few masters.
const WIDEST: usize = 1_400;
/// The part of an arrow that its label leaves free: its head, or the cross of a loss.
const HEADS: usize = 52;
/// The most lines of a label.
const MOST_LINES: usize = 10;

/// A text in lines.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) lines: Vec<String>,
    /// The width of the widest line.
    pub(super) wide: usize,
}

impl Block {
    pub(super) fn of(text: &str, size: usize, room: usize) -> Block {
        let mut lines = wrapped(text, size, room);
        if lines.len() > MOST_LINES {
            lines.truncate(MOST_LINES - 1);
            lines.push("…".into());
        }
        let wide = lines.iter().map(|line| width(line, size)).max().unwrap_or(0);
        Block { lines, wide }
    }

    /// The width of a box around it.
    pub(super) fn boxed(&self) -> usize {
        (self.wide + 16).max(30)
    }
}

/// The places of the columns.
pub(super) struct Columns {
    pub(super) centres: Vec<usize>,
    /// The width of the picture.
    pub(super) page: usize,
    /// The most room for a text in a box.
    pub(super) room: usize,
}

impl Columns {
    pub(super) fn of(diagram: &Diagram) -> Columns {
        let count = diagram.masters.len().max(1);
        let widest = ((WIDEST - GUTTER - GAP * count) / count).clamp(110, 320);
        let room = widest - 16;
        let boxed = |text: &str| Block::of(text, SIZE, room).boxed();
        // Half of the widest element centred on each lifeline, and the least distance between pairs of lifelines.
        let ends = diagram.masters.iter().zip(&diagram.last);
        let mut half: Vec<usize> = ends.map(|(name, reads)| boxed(name).max(boxed(reads)).div_ceil(2)).collect();
        let mut apart: Vec<(usize, usize, usize)> = Vec::new();
        let mut labelled = |one: usize, other: usize, label: &str| {
            let wide = Block::of(label, SIZE, widest - HEADS).wide;
            apart.push((one.min(other), one.max(other), wide + HEADS));
        };
        for Row { arrow, remark, reads, .. } in &diagram.rows {
            let at = match arrow {
                Arrow::At(at, label)
                | Arrow::Timed(at, label)
                | Arrow::Crash(at, label)
                | Arrow::Restart(at, label) => {
                    half[*at] = half[*at].max(boxed(label).div_ceil(2));
                    *at
                }
                Arrow::Cut { paths, label, .. } => {
                    let (left, right) = ends_of(paths);
                    labelled(left, right, label);
                    left
                }
                Arrow::Arrives { from, to, label, again } => {
                    labelled(*from, *to, &arrival_label(label, *again));
                    *to
                }
                Arrow::Lost { from, to, label } => {
                    labelled(*from, *to, label);
                    *to
                }
                Arrow::Asks { from, to } => {
                    labelled(*from, *to, "asks");
                    *to
                }
            };
            if let Some(remark) = remark {
                half[at] = half[at].max(Block::of(remark, SMALL, room).wide.div_ceil(2) + 2);
            }
            for (master, reads) in reads {
                half[*master] = half[*master].max(boxed(reads).div_ceil(2));
            }
        }
        apart.extend((1..half.len()).map(|right| (right - 1, right, half[right - 1] + half[right] + GAP)));
        let mut centres: Vec<usize> = Vec::new();
        for (column, half) in half.iter().enumerate() {
            let needed = apart
                .iter()
                .filter(|(_, right, _)| *right == column)
                .filter_map(|(left, _, gap)| Some(centres.get(*left)? + gap));
            centres.push(needed.max().unwrap_or(0).max(GUTTER + half));
        }
        let right = centres.iter().zip(&half).map(|(centre, half)| centre + half).max().unwrap_or(GUTTER);
        Columns { centres, page: right + GAP, room }
    }

    /// The room for the label of an arrow between these places.
    pub(super) fn between(&self, x: usize, end: usize) -> usize {
        x.abs_diff(end).saturating_sub(HEADS)
    }
}

/// The first and the last master that paths connect.
pub(super) fn ends_of(paths: &[(usize, usize)]) -> (usize, usize) {
    let each = || paths.iter().flat_map(|(from, to)| [*from, *to]);
    (each().min().unwrap_or(0), each().max().unwrap_or(0))
}

pub(super) fn arrival_label(label: &str, again: bool) -> String {
    if again { format!("{label} (again later)") } else { label.to_owned() }
}
