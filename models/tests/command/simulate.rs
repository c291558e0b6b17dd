//! `multimaster simulate`: its figures, files and errors.

use super::Folder;

#[test]
fn a_sweep_is_a_table_lines_json_and_a_plot() {
    let folder = Folder::new();
    let sweep = ["simulate", "--topology", "ring,star", "--masters", "3,5", "--writes", "40", "--seeds", "1..3"];
    let with = |more: &[&str]| {
        let (status, said, error) = folder.run(&[&sweep[..], more].concat());
        assert!(status == 0 && error.is_empty(), "{error}");
        said
    };
    let table = with(&["--plot", "p99=p99.svg"]);
    assert_eq!(table.lines().count(), 6, "{table}");
    assert_eq!(table, with(&["--threads", "1"]), "the same on any number of cores");
    assert!(table.starts_with("| topology | masters | median (ms)") && table.contains(" ±"), "{table}");
    let lines = with(&["--format", "csv"]);
    let fields = |line: &str| line.split(',').count();
    assert_eq!(lines.lines().count(), 9);
    assert!(lines.lines().all(|line| fields(line) == fields(lines.lines().next().unwrap())), "{lines}");
    let json: serde_json::Value = serde_json::from_str(&with(&["--format", "json"])).unwrap();
    assert_eq!(json["cases"].as_array().unwrap().len(), 4);
    assert_eq!(json["cases"][0]["runs"][1]["seed"], 2);
    let svg = std::fs::read_to_string(folder.0.join("p99.svg")).unwrap();
    let drawn = roxmltree::Document::parse(&svg).unwrap();
    let texts = drawn.descendants().filter_map(|node| node.text()).collect::<String>();
    assert!(texts.contains("ring") && texts.contains("star") && texts.contains("99th percentile"), "{texts}");
    assert!(svg.contains("prefers-color-scheme: dark"));
}

#[test]
fn a_record_conforms() {
    let folder = Folder::with("line.edges", "A - B\nB - C\n");
    let arguments = ["simulate", "--topology", "edges:line.edges", "--writes", "30", "--loss", "10%", "--seeds", "3"];
    let (status, table, error) =
        folder.run(&[&arguments[..], &["--crash", "B@100ms..1s", "--record", "run.jsonl"]].concat());
    assert!(status == 0 && table.contains("line.edges"), "{table}{error}");
    let (status, said, error) = folder.run(&["conform", "run.jsonl"]);
    assert!(status == 0 && said.contains("Crashes: 1.") && said.contains("all agree"), "{said}{error}");
}

#[test]
fn wrong_arguments_are_refused_with_the_right_form() {
    let folder = Folder::with("wrong.edges", "A - B\nA B\n");
    folder.put("wrong.csv", "from,here\nthere,1\n");
    for (arguments, reason) in [
        (vec!["--topology", "circle"], "write ring, two-way-ring"),
        (vec!["--topology", "edges:wrong.edges"], "wrong.edges:2: `A B`: write an edge as"),
        (vec!["--topology", "edges:none"], "none: "),
        (vec!["--masters", "1"], "at least two masters"),
        (vec!["--topology", "all-to-all", "--masters", "640"], "at most 400 MB"),
        (vec!["--dead", "5"], "none is left"),
        (vec!["--regions", "Atlantis"], "there is no region `Atlantis`; there are East US"),
        (vec!["--round-trips", "wrong.csv"], "wrong.csv:2: `there`: here should be the region `here`"),
        (vec!["--rule", "best"], "no rule is named `best`"),
        (vec!["--rate", "0"], "--rate 0"),
        (vec!["--loss", "110%"], "`110%` is not a share from 0% to 100%"),
        (vec!["--cut", "Q@1s"], "there is no master Q"),
        (vec!["--cut", "A@3s..1s"], "write A@1s..3s"),
        (vec!["--crash", "A@1s", "--crash", "A@2s"], "crashes twice"),
        (vec!["--plot", "speed=x.svg"], "write NAME=FILE, with one of median, p99"),
        (vec!["--writes", "10", "--plot", "healed=x.svg"], "no run measured `healed`"),
        (vec!["--record", "x.jsonl"], "one seed"),
        (vec!["--seeds", "3..1"], "write `1..21`"),
    ] {
        let (status, _, error) = folder.run(&[&["simulate"], &arguments[..]].concat());
        assert!(status == 2 && error.contains(reason), "{arguments:?}: {status} {error}");
    }
}
