//! A diagram as Mermaid, which Markdown pages of many code hosts draw.

use super::Diagram;
use super::columns::{arrival_label, ends_of};
use super::text::isolated;
use crate::printed::shown;
use crate::subject::Arrow;
use std::fmt::Write;

impl Diagram {
    /// A Mermaid `sequenceDiagram`.
    pub fn mermaid(&self) -> String {
        let mut text = String::from("sequenceDiagram\n");
        if !self.heading.is_empty() {
            let _ = writeln!(text, "  title {}", escaped(&self.heading.join(" ")));
        }
        text += "  autonumber\n";
        for (place, name) in self.masters.iter().enumerate() {
            let _ = writeln!(text, "  participant m{place} as {}", escaped(&shown(name)));
        }
        for (place, row) in self.rows.iter().enumerate() {
            if self.repeat == Some(place) {
                text += "  loop for ever\n";
            }
            let (line, at) = match &row.arrow {
                Arrow::At(at, label)
                | Arrow::Timed(at, label)
                | Arrow::Crash(at, label)
                | Arrow::Restart(at, label) => (format!("m{at}->>m{at}: {}", escaped(label)), *at),
                Arrow::Cut { paths, label, .. } => {
                    let (left, right) = ends_of(paths);
                    (format!("m{left}--xm{right}: {}", escaped(label)), left)
                }
                Arrow::Arrives { from, to, label, again } => {
                    (format!("m{from}->>m{to}: {}", escaped(&arrival_label(label, *again))), *to)
                }
                Arrow::Lost { from, to, label } => (format!("m{from}-xm{to}: lost: {}", escaped(label)), *to),
                Arrow::Asks { from, to } => (format!("m{from}-->>m{to}: asks"), *to),
            };
            let _ = writeln!(text, "  {line}");
            if let Some(remark) = &row.remark {
                let _ = writeln!(text, "  Note over m{at}: {}", escaped(remark));
            }
            for (master, reads) in &row.reads {
                let _ = writeln!(text, "  Note over m{master}: {}", escaped(reads));
            }
        }
        if self.repeat.is_some_and(|begins| begins < self.rows.len()) {
            text += "  end\n";
        }
        for (place, reads) in self.last.iter().enumerate() {
            let _ = writeln!(text, "  Note over m{place}: {}", escaped(reads));
        }
        if let (Some(last), false) = (self.masters.len().checked_sub(1), self.complaints.is_empty()) {
            let complaints: Vec<String> = self.complaints.iter().map(|complaint| escaped(complaint)).collect();
            let over = if last == 0 { "m0".into() } else { format!("m0,m{last}") };
            let _ = writeln!(text, "  Note over {over}: {}", complaints.join("<br/>"));
        }
        text
    }
}

/// Text in which Mermaid sees nothing but text: each character that could mean more is written by its number.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in isolated(text).chars() {
        // Of the others, none begins a comment, a directive, an entity, HTML, a formula or a statement.
        let is_text = c == ' ' || c.is_alphanumeric() || !c.is_ascii() || ",.=()/'!?_-+@[]|".contains(c);
        if is_text || c == ':' && !out.ends_with("wrap") {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_in_a_label_is_syntax() {
        assert_eq!(escaped("A1: set k = 14 Ann"), "A1: set k = 14 Ann");
        assert_eq!(escaped("%%{init}%% #1; <br/>"), "#37;#37;#123;init#125;#37;#37; #35;1#59; #60;br/#62;");
        assert_eq!(escaped("wrap:x\n"), "wrap#58;x#10;");
        assert_eq!(escaped("字 = مفتاح"), "字 = \u{2068}مفتاح\u{2069}");
    }
}
