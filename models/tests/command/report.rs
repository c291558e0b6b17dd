//! `report`, and `check --open`: one page.

use crate::command::{Folder, scenario};
use std::fs;

/// A scenario whose key, value and name a careless page would take for HTML.
const HOSTILE: &str = r#"
about = "</title><script>alert(1)</script>"
masters = 2
topology = "all-to-all"
rule = "arrival"
link = "stream"

[clients]
A = ["set </script><img/src=x> = \"&'<!--"]
B = ["set </script><img/src=x> = 2"]
"#;

fn page(folder: &Folder, file: &str) -> String {
    fs::read_to_string(folder.0.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn a_page_has_all_verdicts_and_the_commands_that_replay_the_schedules() {
    let folder = Folder::with("mine/a<b>&\"'.toml", HOSTILE);
    let (status, out, err) = folder.run(&["report", "mine", "hello", "--out", "out/my page"]);
    assert_eq!((status, out.as_str(), err.as_str()), (0, "page: out/my page/index.html\n", ""));
    let html = page(&folder, "out/my page/index.html");
    for part in
        ["2</dd>", "all-to-all 2", "arrival", "hello", "convergence: violated in 4 steps", "What the verdicts mean"]
    {
        assert!(html.contains(part), "{part}");
    }
    // The page's own script is the only one, and nothing of the scenario is an element or an address.
    assert_eq!((html.matches("<script").count(), html.matches("</script").count()), (1, 1));
    for part in ["<img", "<!--", "<title></title>", " src=", "http://", "https://", "url(", "@import"] {
        let own = if part.starts_with("http") { html.replace("http://www.w3.org/2000/svg", "") } else { html.clone() };
        let own = own.split("<section id=\"rules\"").next().unwrap_or_default();
        assert!(!own.contains(part), "{part}");
    }
    assert!(html.contains("default-src 'none'"));

    // The command of each counterexample replays it.
    let commands = html.split("<code>").skip(1).filter_map(|rest| rest.split("</code>").next());
    let commands: Vec<&str> = commands.filter(|command| command.starts_with("multimaster replay")).collect();
    assert!(commands.len() >= 3, "{commands:?}");
    for command in commands {
        let file =
            command.strip_prefix("multimaster replay '").and_then(|rest| rest.strip_suffix('\'')).expect(command);
        let (status, out, err) = folder.run(&["replay", file]);
        assert_eq!(status, 0, "{command}: {out}{err}");
    }
    // The trace on the page contains its scenario.
    let trace = html.split("<pre>").skip(1).find(|rest| rest.contains("violates convergence")).expect("a trace");
    let trace = trace.split("</pre>").next().unwrap_or_default();
    let trace = trace.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    let other = Folder::with("sent.trace", trace);
    let (status, out, err) = other.run(&["replay", "sent.trace"]);
    assert_eq!(status, 0, "{out}{err}");

    // Equal findings, equal bytes.
    folder.run(&["report", "mine", "hello", "--out", "out/my page"]);
    assert_eq!(page(&folder, "out/my page/index.html"), html);
}

#[test]
fn check_writes_a_page_too() {
    let folder = Folder::with("my.toml", scenario("last-write", "convergence = \"violated\""));
    let (status, out, err) = folder.run(&["check", "my.toml", "--open"]);
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    assert!(out.contains("page: target/traces/index.html\n"), "{out}");
    let html = page(&folder, "target/traces/index.html");
    assert!(html.contains("not as expected") && html.contains("cell policy surprise"), "{html}");
    let (_, out, err) = folder.run(&["check", "my.toml", "--open", "--format", "json"]);
    assert!(out.lines().count() == 1 && err == "page: target/traces/index.html\n", "{out}{err}");
}

#[test]
fn benchmarks_have_a_page_of_their_own_and_damage_is_named() {
    let folder = Folder::with("t/a/new/benchmark.json", r#"{"full_id":"resolve/<a>"}"#);
    let estimate = |low: f64, point: f64, high: f64| {
        format!(
            r#"{{"mean":{{"confidence_interval":{{"lower_bound":{low},"upper_bound":{high}}},"point_estimate":{point}}}}}"#
        )
    };
    folder.put("t/a/new/estimates.json", estimate(9.0, 10.0, 11.0));
    folder.put("t/a/base/estimates.json", estimate(19.0, 20.0, 22.0));
    folder.put("t/a/change/estimates.json", estimate(-0.6, -0.5, -0.4));
    folder.put("counts.md", "| rule | operation | instructions |\n|---|---|---|\n| set | apply | 12.5 |\n");
    let arguments = ["report", "--criterion", "t", "--instructions", "counts.md", "--out", "out"];
    let (status, out, err) = folder.run(&arguments);
    assert_eq!((status, out.as_str(), err.as_str()), (0, "page: out/index.html\n", ""));
    let html = page(&folder, "out/index.html");
    for part in ["resolve/&lt;a&gt;", "20.00 ns", "10.00 ns", "-50.0 %", "class=\"faster\"", "set apply", "12.5"] {
        assert!(html.contains(part), "{part}");
    }
    folder.put("t/a/change/estimates.json", "{");
    let (status, _, err) = folder.run(&arguments);
    assert!(status == 2 && err.contains("t/a/change/estimates.json:1: criterion did not write this"), "{err}");
    let (status, _, err) = folder.run(&["report", "--criterion", "none", "--out", "out"]);
    assert!(status == 2 && err.starts_with("multimaster: none: "), "{err}");
    folder.put("file", "");
    let (status, _, err) = folder.run(&["report", "hello", "--out", "file"]);
    assert!(status == 2 && err.contains("cannot be written"), "{err}");
}
