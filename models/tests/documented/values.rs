//! The library reads the guide's JSON, and the guide's TOML is valid.

use crate::documented::page::{Page, pages};
use multimaster::{LastWriteWins, MessageOf, Op, Outcome, Reading, Request};
use serde::de::DeserializeOwned;

/// The texts in backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The page on records, from this text to the next blank line.
fn paragraph<'a>(page: &'a Page, start: &str) -> &'a str {
    let (_, rest) = page.text.split_once(start).unwrap_or_else(|| panic!("no `{start}`"));
    rest.split_once("\n\n").map_or(rest, |(paragraph, _)| paragraph)
}

/// The table that follows this text: its rows without the head, by cell.
fn table<'a>(page: &'a Page, start: &str) -> Vec<Vec<&'a str>> {
    let (_, rest) = page.text.split_once(start).unwrap_or_else(|| panic!("no `{start}`"));
    let rows = rest.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    rows.skip(2).map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn conform() -> Page {
    pages().into_iter().find(|page| page.name == "docs/conform.md").expect("the page on records")
}

#[test]
fn the_operations_are_those_of_the_requests() {
    let page = conform();
    let rows = table(&page, "**Operations**");
    let pairs = rows.iter().flat_map(|row| {
        let (requests, forms) = (quoted(row[0]), quoted(row[1]));
        assert_eq!(requests.len(), forms.len(), "{row:?}");
        requests.into_iter().zip(forms).collect::<Vec<_>>()
    });
    let mut seen = 0;
    for (request, form) in pairs {
        assert_eq!(request.parse::<Request>().expect(request).op, read::<Op>(form), "{request}");
        seen += 1;
    }
    assert_eq!(seen, 13);
}

#[test]
fn readings_outcomes_and_messages_are_read() {
    let page = conform();
    let readings = quoted(paragraph(&page, "**Readings** (`reading`):"));
    let readings = readings.into_iter().map(|form| read::<Reading>(&form.replace("READING", "\"Nothing\"")));
    assert_eq!(readings.count(), 7);
    let outcomes = table(&page, "**Outcomes**");
    let outcomes = outcomes.iter().flat_map(|row| quoted(row[0])).filter(|form| !form.contains('…'));
    assert_eq!(outcomes.map(read::<Outcome>).count(), 4);
    let blocks = page.blocks();
    let messages = blocks.iter().find(|block| block.text.starts_with("{\"Push\"")).expect("a message");
    assert_eq!(messages.text.lines().map(read::<MessageOf<LastWriteWins>>).count(), 2);
}

#[test]
fn toml_is_toml() {
    let pages = pages();
    let blocks = pages.iter().flat_map(Page::blocks).filter(|block| block.language == "toml");
    let read = blocks.map(|block| {
        toml::from_str::<toml::Table>(&block.text).unwrap_or_else(|error| panic!("line {}: {error}", block.line))
    });
    assert!(read.count() > 5);
}
