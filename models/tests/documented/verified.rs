//! The rule that the guide verifies is the one in `largest.rs`, and fails as the guide shows.

use crate::documented::compared::is_shown;
use crate::documented::page::{Block, pages};
use multimaster_models::Verify;
use std::thread;

#[allow(clippy::duplicate_mod)]
mod largest;

/// The one block of the guide in this language that contains this text.
fn block(language: &str, part: &str) -> Block {
    let all = pages().into_iter().flat_map(|page| page.blocks());
    let mut found: Vec<Block> = all.filter(|block| block.language == language && block.text.contains(part)).collect();
    assert_eq!(found.len(), 1, "blocks with `{part}`");
    found.remove(0)
}

#[test]
fn the_guide_s_rule_fails_as_shown() {
    let source = include_str!("largest.rs").replace("pub(super) ", "");
    let rule = block("rust", "struct Largest;").text;
    assert_eq!(rule.strip_suffix("\n\nmultimaster_models::verify(Largest);\n"), Some(source.trim_end()), "{rule}");
    // Traces are named after the thread, which has the test's name.
    let verified = || Verify::rule(largest::Largest).quiet().run().unwrap_err().to_string();
    let failure = thread::Builder::new().name("my_rule".into()).spawn(verified).unwrap().join().unwrap();
    // The folder of a build's files varies.
    let folder = failure.split_once("picture: ").and_then(|(_, rest)| Some(rest.split_once("/traces/")?.0));
    let failure = failure.replace(folder.expect("a picture"), "target");
    let shown = block("text", "my_rule").text;
    let lines: Vec<&str> = failure.trim().lines().collect();
    assert!(is_shown(&shown.lines().collect::<Vec<_>>(), &lines), "{failure}");
}
