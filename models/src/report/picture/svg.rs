//! A diagram as SVG.

use super::Diagram;
use super::canvas::Canvas;
use super::columns::{Columns, GAP, GUTTER};
use super::text::{escaped, wrapped};
use std::fmt::Write;

/// The style sheet of all pictures. It follows the colour scheme of the reader, except in print.
pub const STYLE: &str = include_str!("style.css");

/// The least width of a picture that has a text above or below its columns.
const LEAST: usize = 560;

impl Diagram {
    /// A self-contained SVG: it needs no fonts or styles of its surroundings, and its style does not reach beyond it.
    pub fn svg(&self) -> String {
        let (body, page, height) = self.drawn(&self.heading, &self.complaints);
        let (title, described) = (escaped(&self.title()), escaped(&self.described()));
        // Pictures of one page need different identifiers.
        let id = format!("mm-{:x}", hash(&format!("{title}{described}")));
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="mm" viewBox="0 0 {page} {height}" width="{page}" height="{height}" style="max-width:100%;height:auto" role="img" aria-labelledby="{id}-title {id}-desc">
<title id="{id}-title">{title}</title>
<desc id="{id}-desc">{described}</desc>
<style>{STYLE}</style>
{body}</svg>
"#
        )
    }

    /// The SVG for a page that has [`STYLE`], and says beside the picture which schedule and which violation it draws.
    pub fn svg_within_page(&self) -> String {
        let (body, page, height) = self.drawn(&[], &[]);
        format!(
            r#"<svg class="mm" viewBox="0 0 {page} {height}" width="{page}" height="{height}" role="img">{body}</svg>"#
        )
    }

    fn title(&self) -> String {
        let steps = match self.rows.len() {
            1 => "1 step".to_owned(),
            steps => format!("{steps} steps"),
        };
        format!(
            "Sequence diagram, {steps}: {}",
            if self.heading.is_empty() { "a path".into() } else { self.heading.join(" ") }
        )
    }

    /// The elements, the width and the height.
    fn drawn(&self, heading: &[String], complaints: &[String]) -> (String, usize, usize) {
        let columns = Columns::of(self);
        let mut page = columns.page;
        if !heading.is_empty() || !complaints.is_empty() || self.repeat.is_some() {
            page = page.max(LEAST);
        }
        let mut canvas = Canvas::new(&columns);
        for (place, line) in heading.iter().enumerate() {
            let (class, size) = if place == 0 { ("title", 16) } else { ("claim", 13) };
            for line in wrapped(line, size, page - 2 * GAP) {
                canvas.y += size + 4;
                canvas.text(GAP, canvas.y, &line, class);
            }
            canvas.y += 4;
        }
        if !heading.is_empty() {
            canvas.y += 14;
        }
        let names: Vec<(usize, &String)> = self.masters.iter().enumerate().collect();
        let top = canvas.y;
        canvas.frames(&names, "name");
        canvas.y += 10;
        for (place, row) in self.rows.iter().enumerate() {
            self.mark(place).iter().for_each(|mark| canvas.mark(mark, page));
            canvas.row(place + 1, row);
        }
        self.mark(self.rows.len()).iter().for_each(|mark| canvas.mark(mark, page));
        canvas.y += 4;
        let bottom = canvas.y;
        let last: Vec<(usize, &String)> = self.last.iter().enumerate().collect();
        canvas.out += r#"<g class="last">"#;
        canvas.frames(&last, if self.disagree { "bad" } else { "end" });
        if !complaints.is_empty() {
            canvas.y += 8;
        }
        for complaint in complaints {
            for (place, line) in wrapped(complaint, 13, page - GUTTER - 3 * GAP).iter().enumerate() {
                canvas.y += 18;
                canvas.text(if place == 0 { GUTTER } else { GUTTER + 2 * GAP }, canvas.y, line, "complaint");
            }
        }
        canvas.out += "</g>\n";
        let height = canvas.y + 14;
        for (master, since) in canvas.down_since.iter().enumerate() {
            canvas.down.extend(since.map(|since| (master, since, bottom)));
        }
        let mut body = String::new();
        let _ = writeln!(body, r#"<rect class="paper" width="{page}" height="{height}"/>"#);
        for x in &columns.centres {
            let _ = write!(body, r#"<path class="life" d="M{x} {top}V{bottom}"/>"#);
        }
        for (master, since, until) in &canvas.down {
            let x = columns.centres[*master];
            let _ = write!(
                body,
                r#"<path class="gone" d="M{x} {since}V{until}"/><path class="down" d="M{x} {since}V{until}"/>"#
            );
        }
        (body + "\n" + canvas.out.as_str(), page, height)
    }
}

/// FNV-1a, which never changes between platforms or versions.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
