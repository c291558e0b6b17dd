//! The pages of the guide, and their fenced blocks.

use std::fs;
use std::path::{Path, PathBuf};

/// A Markdown file.
pub(crate) struct Page {
    /// The path, from the project's folder.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The line of its fence, from 1.
    pub(crate) line: usize,
    /// The first word after the fence.
    pub(crate) language: String,
    /// The name of the file that the block is, if the line above ends in a name in backquotes and a colon.
    pub(crate) file: Option<String>,
    pub(crate) text: String,
}

pub(crate) fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project's folder").to_owned()
}

/// All pages, in order of their names.
pub(crate) fn pages() -> Vec<Page> {
    let root = project();
    let mut docs: Vec<String> = fs::read_dir(root.join("docs"))
        .expect("docs/")
        .map(|entry| format!("docs/{}", entry.expect("an entry").file_name().display()))
        .filter(|name| name.ends_with(".md"))
        .collect();
    docs.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned));
    docs.sort();
    docs.into_iter().map(|name| Page { text: fs::read_to_string(root.join(&name)).expect(&name), name }).collect()
}

impl Page {
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        let mut above = "";
        for (place, line) in self.text.lines().enumerate() {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(rest)) => {
                    let language = rest.split([' ', ',']).next().unwrap_or_default().to_owned();
                    open = Some(Block { line: place + 1, language, file: file_named(above), text: String::new() });
                }
                (None, None) if !line.trim().is_empty() => above = line,
                (None, None) => {}
                (Some(_), Some(_)) => {
                    blocks.extend(open.take());
                    above = "";
                }
                (Some(block), None) => block.text += &format!("{line}\n"),
            }
        }
        assert!(open.is_none(), "{}: a block has no end", self.name);
        blocks
    }

    /// The text outside fenced blocks, each line with its number.
    pub(crate) fn prose(&self) -> Vec<(usize, &str)> {
        let mut inside = false;
        let mut prose = Vec::new();
        for (place, line) in self.text.lines().enumerate() {
            if line.starts_with("```") {
                inside = !inside;
            } else if !inside {
                prose.push((place + 1, line));
            }
        }
        prose
    }
}

/// `FILE`:
fn file_named(line: &str) -> Option<String> {
    let name = line.trim_end().strip_suffix("`:")?.rsplit('`').next()?;
    let is_file = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    (name.contains('.') && name.chars().all(is_file)).then(|| name.to_owned())
}

#[test]
fn blocks_are_found_with_the_files_that_they_are() {
    let text = "Text, then `a.toml`:\n\n```toml\nx = 1\n```\n\n```rust,should_panic\n```\n";
    let block = |line, language: &str, file: Option<&str>, text: &str| Block {
        line,
        language: language.to_owned(),
        file: file.map(str::to_owned),
        text: text.to_owned(),
    };
    let page = Page { name: "a.md".into(), text: text.into() };
    assert_eq!(page.blocks(), [block(3, "toml", Some("a.toml"), "x = 1\n"), block(7, "rust", None, "")]);
    assert_eq!(page.prose().into_iter().map(|(line, _)| line).collect::<Vec<_>>(), [1, 2, 6]);
}
