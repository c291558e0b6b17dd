//! What is kept from run to run: `check --history`, and folders of traces for `replay`.

use super::Folder;

const SCENARIO: &str = "about = \"Two writes\"\nmasters = 2\ntopology = \"all-to-all\"\nrule = \"last-write\"\nlink = \
                        \"stream\"\n\n[clients]\nA = [\"set k = 1\"]\nB = [\"set k = 2\"]\n";

#[test]
fn a_scope_that_grew_is_named_in_the_next_run() {
    let folder = Folder::with("two.toml", SCENARIO);
    let check = || folder.run(&["check", "two.toml", "--quiet", "--history", "past.jsonl"]);
    assert_eq!(check().2, "");
    assert_eq!(check().2, "");
    std::fs::write(folder.0.join("two.toml"), SCENARIO.replace("\"set k = 2\"", "\"set k = 2\", \"delete k\""))
        .unwrap();
    let (status, _, said) = check();
    assert!(
        status == 0 && said.contains("since the last run: two.toml: ") && said.contains("before 13 states"),
        "{said}"
    );
    let kept = std::fs::read_to_string(folder.0.join("past.jsonl")).unwrap();
    let runs: Vec<serde_json::Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(runs.iter().map(|run| run["run"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(runs[0]["verdicts"]["convergence"], "holds");
    std::fs::write(folder.0.join("past.jsonl"), "{}\n").unwrap();
    let (status, _, error) = check();
    assert!(status == 2 && error.contains("past.jsonl:1: "), "{error}");
}

#[test]
fn all_traces_of_a_folder_are_judged() {
    let folder = Folder::with("two.toml", SCENARIO);
    let trace = |name: &str, claim: &str| {
        let text = format!("scenario two.toml\n{claim}\n\nA: set k = 1\nB: set k = 2\n");
        std::fs::write(folder.0.join(name), text).unwrap();
    };
    trace("b.trace", "keeps convergence");
    trace("a.trace", "keeps no causal loss");
    let (status, said, _) = folder.run(&["replay", "."]);
    assert_eq!((status, said.as_str()), (0, "./a.trace: 2 steps, as claimed\n./b.trace: 2 steps, as claimed\n"));
    trace("b.trace", "violates convergence");
    let (status, said, _) = folder.run(&["replay", "."]);
    assert!(status == 1 && said.contains("./b.trace:2: the trace says that it violates convergence"), "{said}");
    assert!(said.contains("./a.trace: 2 steps, as claimed"), "{said}");
    std::fs::create_dir(folder.0.join("empty")).unwrap();
    let (status, _, error) = folder.run(&["replay", "empty"]);
    assert!(status == 2 && error.contains("no file `*.trace`"), "{error}");
}
