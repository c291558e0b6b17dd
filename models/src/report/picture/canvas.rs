//! The elements of a picture, from the top down.

use super::Row;
use super::columns::{Block, Columns, GAP, GUTTER, SIZE, SMALL, arrival_label, ends_of};
use super::text::{escaped, isolated};
use crate::subject::Arrow;
use std::fmt::Write;

/// The height of a line of text.
const LINE: usize = 17;

/// The elements drawn so far. The lifelines, which lie behind them, are drawn apart.
pub(super) struct Canvas<'a> {
    columns: &'a Columns,
    pub(super) out: String,
    pub(super) y: usize,
    /// By master, the place at which it went down; `None` if it is up.
    pub(super) down_since: Vec<Option<usize>>,
    /// The stretches in which a master was down: its column, and the ends.
    pub(super) down: Vec<(usize, usize, usize)>,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(columns: &'a Columns) -> Canvas<'a> {
        let down_since = vec![None; columns.centres.len()];
        Canvas { columns, out: String::new(), y: 12, down_since, down: Vec::new() }
    }

    /// The step with this number.
    pub(super) fn row(&mut self, number: usize, row: &Row) {
        let columns = self.columns;
        let centre = |master: &usize| columns.centres[*master];
        let start = self.y;
        let _ = write!(self.out, r#"<g class="step" data-step="{number}">"#);
        self.text(8, start + 16, &number.to_string(), "n");
        let at = match &row.arrow {
            Arrow::At(master, label) => {
                self.frames(&[(*master, label)], "do");
                *master
            }
            Arrow::Timed(master, label) => {
                let wide = Block::of(label, SIZE, columns.room).boxed();
                self.frames(&[(*master, label)], "do");
                self.clock(centre(master) - wide / 2, start);
                *master
            }
            Arrow::Crash(master, label) => {
                self.frames(&[(*master, label)], "fail");
                self.down_since[*master] = Some(self.y);
                self.cross(centre(master), self.y + 6);
                self.y += 14;
                *master
            }
            Arrow::Restart(master, label) => {
                if let Some(since) = self.down_since[*master].take() {
                    self.down.push((*master, since, start));
                }
                self.frames(&[(*master, label)], "back");
                *master
            }
            Arrow::Cut { paths, label, healed } => {
                let (left, right) = ends_of(paths);
                let (x, end) = (columns.centres[left], columns.centres[right]);
                let _ = write!(self.out, r#"<g class="{}">"#, if *healed { "heal" } else { "cut" });
                self.across(x, end, label);
                let _ = write!(self.out, r#"<path d="M{} {}H{}"/></g>"#, x - 12, self.y, end + 12);
                self.y += 10;
                left
            }
            Arrow::Arrives { from, to, label, again } => {
                let (x, end) = (centre(from), centre(to));
                self.out += r#"<g class="arrives">"#;
                self.across(x, end, &arrival_label(label, *again));
                self.line(x, end, "line");
                self.head(end, x, "head");
                if *again {
                    self.y += 8;
                    self.line(x, end, "again");
                    self.head(end, x, "open");
                }
                self.end_of_arrow();
                *to
            }
            Arrow::Lost { from, to, label } => {
                let (x, end) = (centre(from), centre(to));
                self.out += r#"<g class="lost">"#;
                self.across(x, end, label);
                let stop = if x < end { end - 18 } else { end + 18 };
                self.line(x, stop, "line");
                self.cross(stop, self.y);
                self.end_of_arrow();
                *to
            }
            Arrow::Asks { from, to } => {
                let (x, end) = (centre(from), centre(to));
                self.out += r#"<g class="asks">"#;
                self.across(x, end, "asks");
                self.line(x, end, "line");
                self.head(end, x, "open");
                self.end_of_arrow();
                *to
            }
        };
        if let Some(remark) = &row.remark {
            self.y += 2;
            let block = Block::of(remark, SMALL, columns.room);
            self.block(columns.centres[at], &block, SMALL, "note");
            self.y += 4;
        }
        let reads: Vec<(usize, &String)> = row.reads.iter().map(|(master, reads)| (*master, reads)).collect();
        if !reads.is_empty() {
            self.y += 4;
            self.frames(&reads, "reads");
        }
        self.out += "</g>\n";
        self.y += 8;
    }

    /// Texts in boxes side by side, each centred on its lifeline.
    pub(super) fn frames(&mut self, texts: &[(usize, &String)], class: &str) {
        let mut lowest = self.y;
        for (master, text) in texts {
            let block = Block::of(text, SIZE, self.columns.room);
            let (x, y, wide, tall) =
                (self.columns.centres[*master], self.y, block.boxed(), block.lines.len() * LINE + 7);
            let _ = write!(
                self.out,
                r#"<rect class="{class}" x="{}" y="{y}" width="{wide}" height="{tall}" rx="4"/>"#,
                x - wide / 2
            );
            for (place, line) in block.lines.iter().enumerate() {
                self.text(x, y + LINE - 1 + place * LINE, line, "");
            }
            lowest = lowest.max(y + tall);
        }
        self.y = lowest + 4;
    }

    /// The label of an arrow, over its middle.
    fn across(&mut self, x: usize, end: usize, label: &str) {
        let block = Block::of(label, SIZE, self.columns.between(x, end));
        self.block(usize::midpoint(x, end), &block, SIZE, "");
        self.y += 6;
    }

    /// Lines of text that hide the lifelines behind them.
    fn block(&mut self, x: usize, block: &Block, size: usize, class: &str) {
        let (wide, tall) = (block.wide + 4, block.lines.len() * LINE);
        let (left, top) = (x.saturating_sub(wide / 2), self.y);
        let _ = write!(self.out, r#"<rect class="paper" x="{left}" y="{top}" width="{wide}" height="{tall}"/>"#);
        for line in &block.lines {
            self.text(x, self.y + size, line, class);
            self.y += LINE;
        }
    }

    /// A line across the page, and a text above it.
    pub(super) fn mark(&mut self, text: &str, page: usize) {
        self.out += r#"<g class="repeat">"#;
        self.text(GUTTER, self.y + 16, text, "complaint");
        self.y += 24;
        self.line(GUTTER, page - GAP, "line");
        self.y += 12;
        self.out += "</g>\n";
    }

    pub(super) fn text(&mut self, x: usize, y: usize, text: &str, class: &str) {
        let class = if class.is_empty() { String::new() } else { format!(r#" class="{class}""#) };
        let _ = write!(self.out, r#"<text x="{x}" y="{y}"{class}>{}</text>"#, escaped(&isolated(text)));
    }

    fn line(&mut self, x: usize, end: usize, class: &str) {
        let _ = write!(self.out, r#"<path class="{class}" d="M{x} {}H{end}"/>"#, self.y);
    }

    /// An arrow's head at `x`, coming from `from`.
    fn head(&mut self, x: usize, from: usize, class: &str) {
        let back = if from < x { -9 } else { 9 };
        let _ = write!(self.out, r#"<path class="{class}" d="M{x} {}l{back}-4v8z"/>"#, self.y);
    }

    fn cross(&mut self, x: usize, y: usize) {
        let _ = write!(self.out, r#"<path class="cross" d="M{} {}l10 10m-10 0l10-10"/>"#, x - 5, y - 5);
    }

    /// A clock on the corner of a box.
    fn clock(&mut self, x: usize, y: usize) {
        let _ = write!(self.out, r#"<circle class="clock" cx="{x}" cy="{y}" r="7"/>"#);
        let _ = write!(self.out, r#"<path class="clock" d="M{x} {}v5h4"/>"#, y - 5);
    }

    fn end_of_arrow(&mut self) {
        self.out += "</g>";
        self.y += 9;
    }
}
