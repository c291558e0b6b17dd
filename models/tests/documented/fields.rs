//! The fields of JSON output: the guide names each, and no other.

use crate::documented::page::project;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// The objects that the command prints, one a line.
fn printed(arguments: &[&str]) -> Vec<Map<String, Value>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_multimaster"));
    let output = command.args(arguments).args(["--format", "json"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn fields<'a>(objects: impl IntoIterator<Item = &'a Map<String, Value>>) -> BTreeSet<&'a str> {
    objects.into_iter().flat_map(Map::keys).map(String::as_str).collect()
}

/// The names in the tables of fields of `docs/ci.md`, table by table.
fn documented(page: &str) -> Vec<BTreeSet<&str>> {
    let tables = page.split("| field | is |\n|---|---|\n").skip(1);
    tables
        .map(|table| {
            let rows = table.lines().take_while(|line| line.starts_with('|'));
            rows.filter_map(|row| row.split('`').nth(1)).collect()
        })
        .collect()
}

#[test]
fn the_guide_names_every_field_of_json_and_no_other() {
    let page = fs::read_to_string(project().join("docs/ci.md")).unwrap();
    let [scenario, verdict, entry] = &documented(&page)[..] else { panic!("three tables of fields") };
    let traces = std::env::temp_dir().join(format!("multimaster-fields-{}", std::process::id()));
    let checked = printed(&["check", "booking/arrival", "--traces", traces.to_str().unwrap()]);
    fs::remove_dir_all(&traces).unwrap();
    let verdicts = checked[0]["verdicts"].as_array().unwrap().iter().map(|verdict| verdict.as_object().unwrap());
    assert_eq!(fields(&checked), *scenario);
    assert_eq!(fields(verdicts), *verdict);
    let listed = printed(&["list"]);
    assert_eq!(fields(&listed), *entry);
    let row = page.lines().find(|line| line.starts_with("| `kind` |")).unwrap();
    for kind in listed.iter().map(|entry| entry["kind"].as_str().unwrap()) {
        assert!(row.contains(&format!("`{kind}`")), "{kind}: {row}");
    }
}
