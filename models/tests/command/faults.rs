//! Invalid files, each with the command's message.

use crate::command::Folder;

const GOOD: &str = r#"about = "base"
masters = 3
topology = "ring"
rule = "last-write"
link = "stream"

[clients]
A = ["set k = 1"]
B = ["set k = 2"]

[expect]
no-policy-loss = "violated"
"#;

const ARTICLE: &str = r#"about = "base"
program = "article"
masters = 2
topology = "ring"

[clients]
A = ["set k = 1"]

[expect]
agreement-at-quiescence = "holds"
"#;

/// `check` refuses the text at the line, with a message that contains each of `said`.
#[track_caller]
fn assert_refused(text: &str, line: usize, said: &[&str]) {
    let folder = Folder::with("bad.toml", text);
    let (status, out, err) = folder.run(&["check", "bad.toml"]);
    assert_eq!((status, out.as_str()), (2, ""), "{text}\n{err}");
    assert!(err.starts_with(&format!("multimaster: bad.toml:{line}: ")), "line {line}: {err}{text}");
    for what in said {
        assert!(err.contains(what), "{what}: {err}");
    }
}

/// As above, for [`GOOD`] with `from` replaced.
#[track_caller]
fn assert_edit_refused(from: &str, to: &str, line: usize, said: &[&str]) {
    assert!(GOOD.contains(from));
    assert_refused(&GOOD.replace(from, to), line, said);
}

#[test]
fn the_base_is_right() {
    let folder = Folder::with("good.toml", GOOD);
    folder.put("article.toml", ARTICLE);
    for file in ["good.toml", "article.toml"] {
        let (status, out, err) = folder.run(&["check", file]);
        assert!(status < 2 && err.is_empty(), "{out}{err}");
    }
}

#[test]
fn fields_and_types() {
    assert_refused("", 1, &["missing field `about`"]);
    assert_refused("about = [\n", 1, &["unclosed array"]);
    assert_edit_refused("rule =", "rulez =", 4, &["unknown field `rulez`", "`rule`"]);
    assert_edit_refused("masters = 3\n", "", 1, &["missing field `masters`"]);
    assert_edit_refused("masters = 3", "masters = \"three\"", 2, &["`masters`", "\"three\"", "a whole number"]);
    assert_edit_refused("masters = 3", "masters = -1", 2, &["`masters`", "`-1`", "0 or more"]);
    assert_edit_refused("masters = 3", "masters = 2.5", 2, &["`masters`", "2.5", "a whole number"]);
    assert_edit_refused("\"stream\"", "\"stream\"\nresets = 300", 6, &["`resets`", "`300`", "from 0 to 255"]);
    assert_edit_refused("[\"set k = 2\"]", "\"set k = 2\"", 9, &["`B`", "a list"]);
    assert_edit_refused("[\"set k = 2\"]", "[\n  \"set k = 2\",\n  5,\n]", 11, &["`B`", "text in quotes"]);
    assert_edit_refused("\"last-write\"", "5", 4, &["`rule`", "in quotes"]);
    assert_edit_refused("\"last-write\"", "\"last-write", 4, &["invalid"]);
    assert_edit_refused("A = [\"set k = 1\"]", "A = []\nA = []", 9, &["duplicate key"]);
    assert_edit_refused("\"base\"", "\"a\\nb\"", 1, &["`about`", "one line"]);
}

#[test]
fn choices_are_listed() {
    assert_edit_refused("\"ring\"", "\"tree\"", 3, &["`topology`", "`tree`", "`ring`", "`star`", "`all-to-all`"]);
    assert_edit_refused(
        "\"last-write\"",
        "\"last\"",
        4,
        &["`rule`", "`last`", "`last-write`", "`multi-value`", "`set`", "`cassandra`", "`spock`"],
    );
    let weaker = "\"stream\"\ndelivery = \"none\"";
    assert_edit_refused(
        "\"stream\"",
        weaker,
        6,
        &["`delivery`", "`none`", "`causal`", "`unordered`", "`at-least-once`"],
    );
    assert_edit_refused("\"stream\"", "\"tcp\"", 5, &["`link`", "`tcp`", "`stream`", "`datagram`", "`soup`"]);
    assert_edit_refused("\"violated\"", "\"no\"", 12, &["`no-policy-loss`", "`holds`", "`violated`"]);
    assert_edit_refused("rule = \"last-write\"\n", "", 1, &["`rule` is missing", "last-write", "counter"]);
    assert_edit_refused("link = \"stream\"\n", "", 1, &["`link` is missing", "stream, datagram, soup"]);
    assert_edit_refused("topology = \"ring\"\n", "", 1, &["topology = \"ring\"", "edges ="]);
}

#[test]
fn masters_and_edges() {
    for masters in ["0", "1", "17", "3000", "70000", "9223372036854775807"] {
        let said = [&*format!("`masters = {masters}`"), "give 2 to 16"];
        assert_edit_refused("masters = 3", &format!("masters = {masters}"), 2, &said);
    }
    let nobody = ["there is no master `Q`", "A to C"];
    assert_edit_refused("B = [", "Q = [", 9, &nobody);
    assert_edit_refused("B = [", "\"Q/2\" = [", 9, &["there is no master `Q/2`"]);
    assert_edit_refused("B = [", "\"B\\u001b[31m\" = [", 9, &["there is no master `B\\u{1b}[31m`"]);
    let edges = |edges: &str| format!("edges = [{edges}]");
    assert_edit_refused("topology = \"ring\"", &edges("[\"A\", \"Q\"]"), 3, &nobody);
    assert_edit_refused("topology = \"ring\"", &edges("[\"A\", \"B/2\"]"), 3, &["there is no master `B/2`"]);
    assert_edit_refused("topology = \"ring\"", &edges("\n  [\"A\", \"B\", \"C\"],\n"), 4, &["an edge is two masters"]);
    assert_edit_refused("topology = \"ring\"", &edges("[\"A\", \"A\"]"), 3, &["A cannot be its own neighbour"]);
    assert_edit_refused(
        "topology = \"ring\"",
        &edges("[\"A\", \"B\"], [\"B\", \"A\"]"),
        3,
        &["no path leads from A to C"],
    );
    assert_edit_refused("topology = \"ring\"", &edges(""), 3, &["no path leads from A to B"]);
    assert_edit_refused("topology", "edges = []\ntopology", 3, &["not both"]);
    let many = GOOD.replace("masters = 3", "masters = 7").replace("\"ring\"", "\"all-to-all\"");
    assert_refused(&many, 2, &["more than 32 edges"]);
}

#[test]
fn requests() {
    assert_edit_refused("set k = 2", "put k = 2", 9, &["invalid operation `put k = 2`", "`set KEY = VALUE`"]);
    assert_edit_refused("set k = 2", "set k = \\u0007", 9, &["invalid operation `set k = \\u{7}`"]);
    assert_edit_refused("set k = 2", "add 2 to k", 9, &["does not take `add 2 to k`", "`set KEY = VALUE`"]);
    assert_edit_refused("set k = 2", "insert 2 into k", 9, &["does not take `insert 2 into k`"]);
    assert_edit_refused("\"last-write\"", "\"counter\"", 8, &["does not take `set k = 1`", "`add N to KEY`"]);
    assert_edit_refused("\"last-write\"", "\"set\"", 8, &["does not take `set k = 1`", "`insert ELEMENT into KEY`"]);
    assert_edit_refused(
        "B = [\"set k = 2\"]",
        "\"A/2\" = [\"set k = 1\"]",
        9,
        &["`set k = 1` at A", "more than one client"],
    );
    let many = format!("B = [{}]", "\"set k = 2\", ".repeat(256));
    assert_edit_refused("B = [\"set k = 2\"]", &many, 9, &["256 requests", "at most 255"]);
    let free = |of: &str, take: usize| format!("[free]\ntake = {take}\nof = [{of}]\n\n[expect]");
    let of = "\"A: set k = 5\", \"B: set k = 5\"";
    assert_edit_refused("[expect]", &free(of, 3), 12, &["`take = 3` of 2", "`take` is at most their number"]);
    let many: String = (0..33).map(|value| format!("\"A: set j = {value}\", ")).collect();
    assert_edit_refused("[expect]", &free(&many, 1), 12, &["of 33 requests", "at most 32"]);
    assert_edit_refused("[expect]", &free("\"set k = 5\"", 1), 13, &["does not name its master", "`A: set k = 1`"]);
    assert_edit_refused("[expect]", &free("\"Q: set k = 5\"", 1), 13, &["there is no master `Q`"]);
    assert_edit_refused("[expect]", &free("\"A: set k = 1\"", 1), 13, &["`set k = 1` at A"]);
    assert_edit_refused("[expect]", &free("\"A: add 1 to k\"", 1), 13, &["does not take `add 1 to k`"]);
}

#[test]
fn what_belongs_to_another_link_or_program() {
    for field in ["losses", "duplicates"] {
        let said = [&*format!("`{field}` is for `link = \"datagram\"` or `\"running\"` only")];
        assert_edit_refused("\"stream\"", &format!("\"stream\"\n{field} = 1"), 6, &said);
    }
    assert_edit_refused("\"stream\"", "\"soup\"\nresets = 1", 6, &["`resets` is for `link = \"stream\"` only"]);
    assert_edit_refused("\"stream\"", "\"stream\"\nlog = 1", 6, &["`log` is not for `link = \"stream\"`", "datagram"]);
    assert_edit_refused("\"stream\"", "\"stream\"\nbatch = 0", 6, &["at least one change", "`batch = 1`"]);
    assert_edit_refused("\"stream\"", "\"stream\"\nrelay = true", 6, &["`relay` is for `program = \"article\"` only"]);
    assert_refused(&ARTICLE.replace("\"ring\"", "\"ring\"\nbatch = 1"), 5, &["no `batch`", "`capacity`"]);
    assert_refused(&ARTICLE.replace("\"ring\"", "\"ring\"\ncapacity = 0"), 5, &["capacity must be 1 or more"]);
    assert_refused(&ARTICLE.replace("set k = 1", "delete k"), 7, &["take only `set`", "`delete k`"]);
}

#[test]
fn expectations_that_cannot_be() {
    let silent = "falls-silent = \"violated\"\nmessages = 2";
    assert_edit_refused("no-policy-loss = \"violated\"", silent, 13, &["messages have no bound"]);
    assert_edit_refused("no-policy-loss = \"violated\"", "states = 0", 12, &["`states = 0` cannot be"]);
    let unreached = "unreached = [\"a miracle\"]";
    assert_edit_refused("no-policy-loss = \"violated\"", unreached, 12, &["`a miracle` is no witness", "`a conflict`"]);
    assert_edit_refused("no-policy-loss", "order-kept", 12, &["`order kept` is no property", "convergence"]);
    assert_edit_refused("no-policy-loss", "no-loss", 12, &["unknown field `no-loss`", "`no-causal-loss`"]);
    assert_refused(
        &ARTICLE.replace("agreement-at-quiescence", "convergence"),
        10,
        &["`convergence` is no property", "no deadlock"],
    );
    let counter =
        GOOD.replace("last-write", "counter").replace("set k = 1", "add 1 to k").replace("set k = 2", "add 2 to k");
    assert_refused(&counter, 12, &["counter cannot lose by policy", "`holds`"]);
}

#[test]
fn what_a_data_type_has_not() {
    let of = |rule: &str, one: &str, other: &str| {
        GOOD.replace("last-write", rule).replace("set k = 1", one).replace("set k = 2", other)
    };
    let stock = |other: &str| of("bounded-counter", "add 1 to k", other);
    assert_refused(&stock("transfer 1 of k to D"), 9, &["there is no master `D`", "A to C"]);
    assert_refused(&stock("transfer 1 of k to me"), 9, &["invalid operation", "`transfer N of KEY to MASTER`"]);
    assert_refused(&stock("subtract 1 from k"), 12, &["bounded-counter cannot lose by policy", "`holds`"]);
    let shrinks = of("grow-only-counter", "add 1 to k", "subtract 1 from k");
    assert_refused(&shrinks, 9, &["does not take `subtract 1 from k`", "`add N to KEY`"]);
    let nested = of("observed-remove-map", "in k, add 1 to f", "in k, in f, add 1 to g");
    assert_refused(&nested, 9, &["invalid operation", "a field that is"]);
    let expects = |rule: &str, property: &str| {
        GOOD.replace("last-write", rule).replace("no-policy-loss = \"violated\"", &format!("{property} = \"holds\""))
    };
    assert_refused(&expects("arrival", "specification"), 12, &["`specification` is no property"]);
    assert_refused(&expects("last-write", "no-overselling"), 12, &["`no overselling` is no property", "specification"]);
}

#[test]
fn files_that_are_none() {
    let folder = Folder::with("bytes.toml", b"about = \"x\"\n# \xff\n");
    std::fs::create_dir(folder.0.join("folder")).unwrap();
    std::fs::create_dir(folder.0.join("hello")).unwrap();
    for command in ["check", "explore", "replay"] {
        let (status, _, err) = folder.run(&[command, "bytes.toml"]);
        assert_eq!((status, err.as_str()), (2, "multimaster: bytes.toml:2: this is not UTF-8 text\n"));
        let (status, _, err) = folder.run(&[command, "folder"]);
        let is_none = match command {
            "check" => "no scenario is in this folder: ",
            "replay" => "this folder has no file `*.trace`",
            _ => "this is a folder: name a file in it",
        };
        assert!(status == 2 && err.starts_with(&format!("multimaster: folder: {is_none}")), "{err}");
        let (status, _, err) = folder.run(&[command, "missing.toml"]);
        assert!(status == 2 && err.starts_with("multimaster: missing.toml: "), "{err}");
    }
    let (status, out, _) = folder.run(&["check", "hello"]);
    assert!(status == 0 && out.contains("| hello "), "a folder hides no shipped scenario: {out}");
    if cfg!(unix) {
        for name in ["a\nb.toml", "a #b.toml", "a\u{1b}.toml"] {
            folder.put(name, GOOD);
            let (status, _, err) = folder.run(&["check", name]);
            assert!(status == 2 && err.contains("rename it"), "{err}");
        }
    }
}

#[test]
fn shards_that_cannot_be() {
    let shards = "link = \"stream\"\nshards = 2";
    assert_edit_refused("link = \"stream\"", shards, 6, &["no key lies in shard", "`k` in", "rename one"]);
    assert_edit_refused("link = \"stream\"", "link = \"stream\"\nshards = 0", 6, &["0 shards", "1 to 1024"]);
    let free = "link = \"stream\"\nshards = 1\n[free]\ntake = 1\nof = [\"A: set k = 5\"]";
    assert_edit_refused("link = \"stream\"", free, 8, &["`free`", "`shards`", "script"]);
}
