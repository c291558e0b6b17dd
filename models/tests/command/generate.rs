//! `multimaster generate`: what it writes, and what it refuses. `docs/generate.md` finds a planted bug with its tests.

use super::Folder;

#[test]
fn what_cannot_be_put_into_tests_is_refused() {
    let folder = Folder::new();
    for (scenario, reason) in [
        ("two-shards", "several shards"),
        ("article/relay-ring", "the article's program"),
        ("failures/cut", "failures of masters"),
        ("datagram/ring-last-write", "more than 100 states"),
    ] {
        let (status, _, error) =
            folder.run(&["generate", scenario, "--max-states", "100", "--out", "none.jsonl"]);
        assert!(status == 2 && error.contains(reason), "{scenario}: {error}");
        assert!(!folder.0.join("none.jsonl").exists(), "{scenario}");
    }
    let (status, _, error) = folder.run(&["generate", "hello", "--out", "no/such/folder.jsonl"]);
    assert!(status == 2 && error.contains("no/such/folder.jsonl: "), "{error}");
}

#[test]
fn tests_go_to_standard_output_if_no_file_is_named() {
    let folder = Folder::new();
    let (status, said, _) = folder.run(&["generate", "hello", "--cover", "properties"]);
    assert_eq!(status, 0);
    let lines: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["tests"], lines.len() - 1);
    assert!(lines[1..].iter().all(|test| test["shows"].as_array().is_some_and(|shows| !shows.is_empty())), "{said}");
}
