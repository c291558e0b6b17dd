//! Sound programs are explored to the end; of each, a planted bug is found on a shortest schedule.

use crate::nodes::{JAVASCRIPT, PYTHON, check};
use serde_json::Value;
use std::process::Command;

struct Program {
    node: Option<String>,
    scenario: &'static str,
    workload: &'static str,
    states: u64,
}

fn python(name: &str, workload: &'static str, states: u64) -> Program {
    let node = PYTHON.as_ref().map(|python| format!("{python} -I -S {name}.py"));
    Program { node, scenario: format!("{name}.toml").leak(), workload, states }
}

/// The result in JSON; `None` if there is no interpreter.
fn result(program: &Program, arguments: &[&str]) -> Option<Value> {
    let node = format!("{} {}", program.node.as_ref()?, arguments.join(" "));
    let mut command = check(&node, program.scenario);
    let most = if arguments.is_empty() { "60000" } else { "5000" };
    command.args(["--workload", program.workload, "--format", "json", "--max-states", most]);
    let output = command.output().expect("the command runs");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

fn is_explored(program: &Program) {
    let Some(result) = result(program, &[]) else { return };
    assert_eq!(result["cut"], Value::Null, "{result}");
    assert_eq!(result["states"], program.states, "{result}");
    for verdict in result["verdicts"].as_array().expect("verdicts") {
        let expected = match (verdict["witness"].as_bool(), verdict["property"].as_str()) {
            (Some(true), _) => ["reached", "not reached"],
            (_, Some("convergence" | "falls silent")) => ["not judged", "holds"],
            _ => ["holds", "holds"],
        };
        assert!(expected.iter().any(|word| verdict["verdict"] == *word), "{verdict}");
    }
}

/// With the bug, the property is violated by this shortest schedule.
fn is_violated(program: &Program, property: &str, schedule: &[&str]) {
    let Some(result) = result(program, &["--bug"]) else { return };
    let verdicts = result["verdicts"].as_array().expect("verdicts");
    let verdict = verdicts.iter().find(|verdict| verdict["property"] == property).expect("a verdict");
    assert_eq!(verdict["verdict"], "violated", "{result}");
    let trace = verdict["trace"].as_str().expect("a trace");
    let steps = trace.lines().skip_while(|line| !line.is_empty()).skip(1);
    let steps: Vec<&str> = steps.map(|step| step.split("  #").next().unwrap_or_default().trim_end()).collect();
    assert_eq!(steps, schedule, "{trace}");
}

#[test]
fn flooding() {
    let program = python("broadcast", "broadcast", 47_385);
    is_explored(&program);
    is_violated(
        &program,
        "no lost write",
        &[
            "A: insert 1 into k",
            "B: insert 2 into k",
            "C: insert 3 into k",
            r#"A -> B: {"message":1,"type":"flood"}"#,
            r#"A -> C: {"message":1,"type":"flood"}"#,
            r#"B -> A: {"message":2,"type":"flood"}"#,
            r#"B -> C: {"message":2,"type":"flood"}"#,
            r#"C -> A: {"message":3,"type":"flood"}"#,
            r#"lost C -> B: {"message":3,"type":"flood"}"#,
        ],
    );
}

#[test]
fn retries() {
    let program = python("retry", "broadcast", 36_978);
    is_explored(&program);
    is_violated(
        &program,
        "no lost write",
        &[
            "B: insert 1 into k",
            "B: insert 2 into k",
            "B ticks: tick",
            r#"B -> A: {"type":"pass","value":1}"#,
            "A ticks: tick",
            r#"A -> B: {"type":"have","value":1}"#,
            r#"A -> C: {"type":"pass","value":1}"#,
            "B ticks: tick",
            r#"lost B -> A: {"type":"pass","value":2}"#,
            "C ticks: tick",
            r#"C -> A: {"type":"have","value":1}"#,
        ],
    );
}

#[test]
fn sets() {
    let program = python("g_set", "g-set", 50_229);
    is_explored(&program);
    is_violated(
        &program,
        "no lost write",
        &[
            "A: insert 1 into k",
            "B: insert 2 into k",
            "C: insert 3 into k",
            "A ticks: tick",
            r#"A -> B: {"elements":[1],"type":"gossip"}"#,
            "B ticks: tick",
            r#"B -> C: {"elements":[1],"type":"gossip"}"#,
        ],
    );
}

#[test]
fn ids() {
    let program = python("unique_ids", "unique-ids", 18);
    is_explored(&program);
    is_violated(&program, "unique ids", &["A: insert 1 into ids", "A: insert 2 into ids", "C: insert 5 into ids"]);
}

#[test]
fn echoes() {
    let program = python("echo", "echo", 6);
    is_explored(&program);
    let Some(node) = program.node else { return };
    let output = check(&format!("{node} --bug"), "echo.toml").args(["--workload", "echo"]).output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("this `echo` is answered with the `echo` \"again\""), "{errors}");
    assert_eq!(output.status.code(), Some(2));
}

/// Without `state`, nothing shows that it is done with a line.
#[test]
fn a_node_of_ids_tells_its_state() {
    let Some(node) = python("unique_ids", "unique-ids", 0).node else { return };
    let mut command = check(&format!("{node} --mute"), "unique_ids.toml");
    let output = command.args(["--workload", "unique-ids", "--node-timeout", "500ms"]).output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("it does not answer `state`"), "{errors}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn counters() {
    let program = python("pn_counter", "pn-counter", 22_233);
    is_explored(&program);
    is_violated(
        &program,
        "no lost write",
        &[
            "A: add 5 to k",
            "B: subtract 2 from k",
            "A ticks: tick",
            "A: add 1 to k",
            r#"A -> B: {"added":{"A":5},"subtracted":{},"type":"counts"}"#,
            "B ticks: tick",
            r#"B -> C: {"added":{"A":5},"subtracted":{"B":2},"type":"counts"}"#,
            "C ticks: tick",
            r#"C -> A: {"added":{"A":5},"subtracted":{"B":2},"type":"counts"}"#,
        ],
    );
}

/// The shortest schedule of `lww.py --bug`.
const REGISTERS_DIFFER: [&str; 5] = [
    "A: at 5, set k = a",
    "B: at 5, set k = b",
    "C: at 3, set k = c",
    "B ticks: tick",
    r#"B -> C: {"registers":{"k":[5,"B","b"]},"type":"registers"}"#,
];

#[test]
fn registers() {
    let program = python("lww", "lww-kv", 5_445);
    is_explored(&program);
    is_violated(&program, "agreement at quiescence", &REGISTERS_DIFFER);
}

#[test]
fn in_javascript() {
    let node = JAVASCRIPT.as_ref().map(|javascript| format!("{javascript} g_counter.js"));
    let program = Program { node, scenario: "g_counter.toml", workload: "g-counter", states: 50_229 };
    is_explored(&program);
    is_violated(
        &program,
        "no invention",
        &[
            "A: add 1 to k",
            "A ticks: tick",
            r#"A -> B: {"counts":{"A":1},"type":"counts"}, and once more later"#,
            r#"A -> B: {"counts":{"A":1},"type":"counts"}"#,
        ],
    );
}

/// Runs the command in this folder, and returns what it prints. It must succeed.
fn printed(folder: &std::path::Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_multimaster")).args(arguments).current_dir(folder).output();
    let output = output.expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_node_that_init_writes() {
    let Some(python) = PYTHON.as_ref() else { return };
    let folder = std::env::temp_dir().join(format!("multimaster-init-node-{}", std::process::id()));
    let name = folder.to_str().expect("a name");
    let wrote = printed(&std::env::temp_dir(), &["init", "--node", name]);
    assert!(wrote.contains("check --node 'python3 node.py' --workload g-set set.toml"), "{wrote}");
    let node = format!("{python} node.py");
    let checked = printed(&folder, &["check", "--node", &node, "--workload", "g-set", "set.toml"]);
    assert!(checked.contains("1 as expected"), "{checked}");
    std::fs::remove_dir_all(&folder).expect("it can be removed");
}

#[test]
fn a_trace_is_replayed_by_the_program() {
    let Some(python) = PYTHON.as_ref() else { return };
    let folder = std::env::temp_dir().join(format!("multimaster-replay-node-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let trace = folder.join("lww.trace");
    let lww = format!("{}/lww.toml", crate::nodes::FOLDER);
    let steps = REGISTERS_DIFFER.join("\n");
    let claim = "violates agreement at quiescence";
    std::fs::write(&trace, format!("scenario {lww}\n{claim}\n\n{steps}\n")).expect("a trace");
    let node = format!("{python} {}/lww.py --bug", crate::nodes::FOLDER);
    let replayed = printed(&folder, &["replay", "--node", &node, trace.to_str().expect("a name")]);
    assert!(replayed.contains("2. B: at 5, set k = b") && replayed.contains(claim), "{replayed}");
    std::fs::remove_dir_all(&folder).expect("it can be removed");
}
