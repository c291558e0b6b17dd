//! A path as a picture: [`sequence_diagram`].

use crate::model::Expectation;
use crate::printed::shown;
use crate::properties::{AGREEMENT, CONVERGENCE};
use crate::subject::{Arrow, Subject};
use std::fmt::Write;

/// A step as it will be drawn.
struct Row {
    arrow: Arrow,
    remark: Option<String>,
    /// The masters whose readings the step changed, and their new readings.
    reads: Vec<(usize, String)>,
}

/// An SVG of `path`: a lifeline for each master, time downward, a row for each step. A master's readings are written on
/// its lifeline whenever they change, and below it at the end; in red if masters violate convergence or agreement. The
/// `always` properties that are false in the last state are listed underneath.
///
/// The SVG is self-contained: it has no fonts, styles or identifiers that could clash with a page around it. Equal
/// paths give equal text.
pub fn sequence_diagram<M: Subject>(model: &M, path: Vec<(M::State, Option<M::Action>)>) -> String {
    let names = model.masters();
    let mut rows = Vec::new();
    for pair in path.windows(2) {
        let [(state, Some(action)), (next, _)] = pair else { continue };
        let (before, after) = (model.readings(state), model.readings(next));
        let changed = after.into_iter().enumerate().filter(|(master, reads)| before[*master] != *reads);
        let reads = changed.map(|(master, reads)| (master, shown(&reads))).collect();
        let remark = model.remark(state, action).map(|remark| shown(&remark));
        rows.push(Row { arrow: shown_arrow(model.arrow(state, action)), remark, reads });
    }
    let (mut last, mut complaints, mut disagree) = (vec![String::new(); names.len()], Vec::new(), false);
    if let Some((state, _)) = path.last() {
        last = model.readings(state).into_iter().map(|reads| format!("reads {}", shown(&reads))).collect();
        for property in model.properties() {
            if property.expectation == Expectation::Always && !(property.condition)(model, state) {
                let why = model.complaint(property.name, state).unwrap_or_else(|| "violated".into());
                complaints.push(format!("{}: {}", property.name, shown(&why)));
                disagree |= [CONVERGENCE, AGREEMENT].contains(&property.name);
            }
        }
    }
    disagree &= last.iter().any(|reads| *reads != last[0]);
    draw(&names, &rows, &last, disagree, &complaints)
}

/// The arrow with its label shortened and escaped.
fn shown_arrow(mut arrow: Arrow) -> Arrow {
    match &mut arrow {
        Arrow::At(_, label) | Arrow::Arrives { label, .. } | Arrow::Lost { label, .. } => *label = shown(label),
        Arrow::Asks { .. } => {}
    }
    arrow
}

const INK: &str = "#1b2733";
const GREY: &str = "#6b7785";
const BLUE: &str = "#1f5fa8";
const RED: &str = "#b3142a";
/// The left end of the lifelines. The numbers of the steps are left of it.
const GUTTER: usize = 34;
const GAP: usize = 12;

/// The width of a text, which is known without a browser because the font has a fixed width: 0.6 of its size for an
/// ASCII character, and at most twice that for any other. So columns can be made as wide as their texts.
fn width(text: &str, size: usize) -> usize {
    let cells: usize = text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    (cells * size * 62).div_ceil(100)
}

/// The width of a box around a text.
fn boxed(text: &str) -> usize {
    (width(text, 13) + 16).max(30)
}

/// The centres of the columns, as far left as the texts allow, and the width of the whole.
fn columns(names: &[String], rows: &[Row], last: &[String]) -> (Vec<usize>, usize) {
    let count = names.len();
    // Half of the widest element centred on each lifeline, and the least distance between pairs of lifelines.
    let mut half: Vec<usize> =
        names.iter().zip(last).map(|(name, reads)| boxed(name).max(boxed(reads)).div_ceil(2)).collect();
    let mut apart: Vec<(usize, usize, usize)> =
        (1..count).map(|right| (right - 1, right, half[right - 1] + half[right] + GAP)).collect();
    for row in rows {
        let (at, across) = match &row.arrow {
            Arrow::At(master, label) => {
                half[*master] = half[*master].max(boxed(label).div_ceil(2));
                (*master, None)
            }
            Arrow::Arrives { from, to, label, again } => (*to, Some((*from, arrival_label(label, *again)))),
            Arrow::Lost { from, to, label } => (*to, Some((*from, label.clone()))),
            Arrow::Asks { from, to } => (*to, Some((*from, "asks".into()))),
        };
        if let Some((from, label)) = across {
            apart.push((from.min(at), from.max(at), width(&label, 13) + 5 * GAP));
        }
        if let Some(remark) = &row.remark {
            half[at] = half[at].max(width(remark, 12).div_ceil(2) + 2);
        }
        for (master, reads) in &row.reads {
            half[*master] = half[*master].max(boxed(reads).div_ceil(2));
        }
    }
    // An element centred on one lifeline must not reach the next.
    apart.extend((1..count).map(|right| (right - 1, right, half[right - 1].max(half[right]) + GAP)));
    let mut centres: Vec<usize> = Vec::new();
    for (column, half) in half.iter().enumerate() {
        let needed = apart.iter().filter(|(_, right, _)| *right == column).map(|(left, _, gap)| centres[*left] + gap);
        centres.push(needed.max().unwrap_or(0).max(GUTTER + half));
    }
    let right = centres.iter().zip(&half).map(|(centre, half)| centre + half).max().unwrap_or(GUTTER);
    (centres, right + GAP)
}

fn arrival_label(label: &str, again: bool) -> String {
    if again { format!("{label} (and once more later)") } else { label.to_owned() }
}

/// The elements except the lifelines, which are drawn last but come first in the file, so that they lie behind the
/// rest.
struct Canvas {
    out: String,
    y: usize,
}

fn draw(names: &[String], rows: &[Row], last: &[String], disagree: bool, complaints: &[String]) -> String {
    let (centres, mut page) = columns(names, rows, last);
    let mut canvas = Canvas { out: String::new(), y: 12 };
    for (name, x) in names.iter().zip(&centres) {
        canvas.frame(*x, name, ("#e8eef5", INK, INK));
    }
    let top = canvas.y + 24;
    canvas.y += 44;
    for (place, row) in rows.iter().enumerate() {
        canvas.row(place + 1, row, &centres);
    }
    let bottom = canvas.y;
    let colours = if disagree { ("#fdebed", RED, RED) } else { ("#ffffff", GREY, INK) };
    for (reads, x) in last.iter().zip(&centres) {
        canvas.frame(*x, reads, colours);
    }
    canvas.y += 24;
    if !complaints.is_empty() {
        page = page.max(620);
        canvas.y += 8;
    }
    for complaint in complaints {
        for (place, line) in wrapped(complaint, page - GUTTER - 3 * GAP).iter().enumerate() {
            canvas.y += 18;
            let x = if place == 0 { GUTTER } else { GUTTER + 2 * GAP };
            canvas.text(x, canvas.y, line, &format!(r#"fill="{RED}" font-size="13""#));
        }
    }
    let height = canvas.y + 14;
    let mut svg = String::new();
    // The picture has its natural size if there is room for it. Otherwise it shrinks, and nothing is cut off.
    let _ = write!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {page} {height}" width="{page}" height="{height}" "#
    );
    let _ = writeln!(svg, r#"style="max-width:100%;height:auto" role="img" font-family="monospace" fill="{INK}">"#);
    let _ = writeln!(svg, r##"<rect width="{page}" height="{height}" fill="#ffffff"/>"##);
    for x in &centres {
        let _ = writeln!(svg, r##"<path d="M{x} {top}V{bottom}" stroke="#a9b4bf"/>"##);
    }
    svg + canvas.out.as_str() + "</svg>\n"
}

impl Canvas {
    fn row(&mut self, number: usize, row: &Row, centres: &[usize]) {
        let start = self.y;
        let at = match &row.arrow {
            Arrow::At(master, label) => {
                self.frame(centres[*master], label, ("#fff3c4", "#a07400", INK));
                self.y += 30;
                *master
            }
            Arrow::Arrives { from, to, label, again } => {
                let (x, end) = (centres[*from], centres[*to]);
                let _ = writeln!(self.out, r#"<g class="arrives">"#);
                self.across(x, end, &arrival_label(label, *again), BLUE);
                self.line(x, end, BLUE, r#"stroke-width="1.6""#);
                self.head(end, x, BLUE, BLUE);
                if *again {
                    self.y += 7;
                    self.line(x, end, BLUE, r#"class="again" stroke-dasharray="2 3""#);
                    self.head(end, x, BLUE, "#ffffff");
                }
                *to
            }
            Arrow::Lost { from, to, label } => {
                let (x, end) = (centres[*from], centres[*to]);
                let cross = if x < end { end - 22 } else { end + 22 };
                let _ = writeln!(self.out, r#"<g class="lost">"#);
                self.across(x, end, label, RED);
                self.line(x, cross, RED, r#"stroke-dasharray="6 4""#);
                let (left, right, above, below) = (cross - 6, cross + 6, self.y - 6, self.y + 6);
                let _ = writeln!(
                    self.out,
                    r#"<path class="cross" d="M{left} {above}L{right} {below}M{left} {below}L{right} {above}" stroke="{RED}" stroke-width="2"/>"#
                );
                *to
            }
            Arrow::Asks { from, to } => {
                let (x, end) = (centres[*from], centres[*to]);
                let _ = writeln!(self.out, r#"<g class="asks">"#);
                self.across(x, end, "asks", GREY);
                self.line(x, end, GREY, r#"stroke-width="0.8" stroke-dasharray="4 3""#);
                self.head(end, x, GREY, "none");
                *to
            }
        };
        if !matches!(row.arrow, Arrow::At(..)) {
            let _ = writeln!(self.out, "</g>");
            self.y += 10;
        }
        self.text(8, start + 15, &number.to_string(), &format!(r#"fill="{GREY}" font-size="11""#));
        if let Some(remark) = &row.remark {
            self.y += 12;
            self.centred(centres[at], self.y, remark, 12, &format!(r#"fill="{GREY}" font-style="italic""#));
            self.y += 8;
        }
        for (master, reads) in &row.reads {
            self.frame(centres[*master], reads, ("#ebf5eb", "#4d8a4d", INK));
        }
        self.y += if row.reads.is_empty() { 8 } else { 38 };
    }

    /// A text in a box, centred on a lifeline, below the line reached.
    fn frame(&mut self, x: usize, text: &str, (fill, stroke, ink): (&str, &str, &str)) {
        let (wide, y) = (boxed(text), self.y);
        let _ = writeln!(
            self.out,
            r#"<rect x="{}" y="{y}" width="{wide}" height="24" rx="4" fill="{fill}" stroke="{stroke}"/>"#,
            x - wide / 2
        );
        self.text(x, y + 16, text, &format!(r#"fill="{ink}" font-size="13" text-anchor="middle""#));
    }

    /// The label of an arrow, over its middle.
    fn across(&mut self, x: usize, end: usize, label: &str, ink: &str) {
        self.centred((x + end) / 2, self.y + 14, label, 13, &format!(r#"fill="{ink}""#));
        self.y += 22;
    }

    /// A text that hides the lifelines behind it.
    fn centred(&mut self, x: usize, y: usize, text: &str, size: usize, style: &str) {
        let wide = width(text, size) + 4;
        let (left, above) = (x - (wide / 2).min(x), y - size + 1);
        let _ = writeln!(
            self.out,
            r##"<rect x="{left}" y="{above}" width="{wide}" height="{}" fill="#ffffff"/>"##,
            size + 3
        );
        self.text(x, y, text, &format!(r#"{style} font-size="{size}" text-anchor="middle""#));
    }

    fn text(&mut self, x: usize, y: usize, text: &str, style: &str) {
        let _ = writeln!(self.out, r#"<text x="{x}" y="{y}" {style}>{}</text>"#, escaped(text));
    }

    fn line(&mut self, x: usize, end: usize, ink: &str, style: &str) {
        let _ = writeln!(self.out, r#"<path d="M{x} {}H{end}" stroke="{ink}" {style}/>"#, self.y);
    }

    /// An arrow's head at `x`, coming from `from`.
    fn head(&mut self, x: usize, from: usize, ink: &str, fill: &str) {
        let back = if from < x { x - 9 } else { x + 9 };
        let (y, above, below) = (self.y, self.y - 4, self.y + 4);
        let _ = writeln!(
            self.out,
            r#"<path d="M{back} {above}L{x} {y}L{back} {below}" fill="{fill}" stroke="{ink}" stroke-linejoin="round"/>"#
        );
    }
}

/// `text` in lines that fit into `room`, broken between words.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if width(line, 13) + width(word, 13) + 8 <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Text escaped for XML. A character that XML does not allow becomes a replacement character.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
