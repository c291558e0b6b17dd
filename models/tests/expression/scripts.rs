//! Rules of several scripts: counters, sets, maps, flags, registers and tables, written in a file.

use multimaster_models::check::engine::Verdict;
use multimaster_models::properties::{AGREEMENT, CONVERGENCE, NO_CAUSAL_LOSS, NO_POLICY_LOSS, NO_TOTAL_LOSS};
use multimaster_models::report::check::{Checked, Engine, check};
use multimaster_models::scenario::Scenario;
use multimaster_models::scenario::catalogue;
use multimaster_models::subject::Subject;

/// A scenario of two masters whose `[rule]` begins in line 6.
fn scenario(rule: &str, more: &str, clients: &str) -> Result<Scenario, String> {
    let text = format!(
        "about = \"a rule\"\nmasters = 2\ntopology = \"all-to-all\"\nlink = \"datagram\"\n{more}\n[rule]\n{rule}\n\n\
         [clients]\n{clients}\n"
    );
    Scenario::parse("mine", "mine.toml", &text).map_err(|fault| fault.to_string())
}

fn checked(rule: &str, more: &str, clients: &str) -> Checked {
    let checked = check(&scenario(rule, more, clients).unwrap(), Engine::Own, &mut |_, _| {});
    assert!(checked.failed.is_none(), "{:?}", checked.failed);
    checked
}

/// The number of steps that violate the property; 0 if it holds.
fn steps(checked: &Checked, property: &str) -> usize {
    match checked.report.verdict(property) {
        Some(Verdict::Violated(Some(path))) => path.len(),
        Some(Verdict::Holds(_)) => 0,
        other => panic!("{property}: {other:?}"),
    }
}

/// The readings in the last state of the schedule for a property.
fn reads(checked: &Checked, property: &str) -> Vec<String> {
    let example = checked.counterexamples.iter().find(|example| example.property == property).unwrap();
    example.replayed.steps.last().unwrap().readings.clone()
}

const UNIQUE: &str = "kind = \"table\"\nstart = '#{}'\nread = 'state'\napply = '''\n\
    for key in state.keys() { if key != change.key && state[key] == change.op.value { state.remove(key); } }\n\
    if change.op.name == \"delete\" { state.remove(change.key); } else { state[change.key] = change.op.value; }\nstate'''";

#[test]
fn a_unique_value_at_two_keys_is_a_rule_over_the_table() {
    let checked = checked(UNIQUE, "", "A = [\"set user1 = ann\"]\nB = [\"set user2 = ann\"]");
    assert_eq!(steps(&checked, CONVERGENCE), 4);
    assert_eq!(reads(&checked, CONVERGENCE), ["rows={user2: ann}", "rows={user1: ann}"]);
}

#[test]
fn data_of_every_kind_can_be_written_in_a_file() {
    let last = "kind = \"map\"\nstart = '#{}'\nread = 'let all = #{}; for f in state.keys() { all[f] = state[f].value; } all'\n\
                apply = '''let old = state.get(change.field); let next = #{value: change.op.value, at: `${change.time}${change.master}`};\n\
                if old == () || next.at > old.at { state[change.field] = next; } state'''";
    for (rule, clients, agree) in [
        (
            "kind = \"counter\"\nstart = '0'\napply = 'state + change.op.value'\nread = 'state'",
            "A = [\"add 2 to k\"]\nB = [\"subtract 1 from k\"]",
            true,
        ),
        (
            "kind = \"counter\"\nstart = '0'\napply = 'if state == 0 { change.op.value } else { state }'\nread = 'state'",
            "A = [\"add 2 to k\"]\nB = [\"subtract 1 from k\"]",
            false,
        ),
        (
            "kind = \"set\"\nstart = '[]'\napply = 'if !(change.op.value in state) { state.push(change.op.value); } state'\nread = 'state'",
            "A = [\"insert x into k\"]\nB = [\"insert y into k\"]",
            true,
        ),
        (
            "kind = \"flag\"\napply = 'change.op.name == \"enable\" || state == true'\nread = 'state'",
            "A = [\"enable k\"]\nB = [\"disable k\"]",
            true,
        ),
        (
            "kind = \"flag\"\napply = 'change.op.value'\nread = 'state'",
            "A = [\"enable k\"]\nB = [\"disable k\"]",
            false,
        ),
        (last, "A = [\"in k, set f = 1\", \"remove f from k\"]\nB = [\"in k, set f = 2\", \"in k, set g = 3\"]", true),
        (
            "kind = \"register\"\napply = 'change.op.value'\nread = 'state'",
            "A = [\"set k = 1\"]\nB = [\"set k = 2\"]",
            false,
        ),
        // At each master its own writes win.
        (
            "kind = \"register\"\napply = 'if state != () && change.master != here { state } else { change.op.value }'\nread = 'state'",
            "A = [\"set k = 1\"]\nB = [\"set k = 2\"]",
            false,
        ),
        // Both are kept, for the reader.
        (
            "kind = \"register\"\nstart = '[]'\napply = 'state.push(change.op.value); state.sort(); state'\nread = 'state'",
            "A = [\"set k = 1\"]\nB = [\"set k = 2\"]",
            true,
        ),
    ] {
        let checked = checked(rule, "", clients);
        assert_eq!(steps(&checked, CONVERGENCE) == 0, agree, "{rule}");
        assert_eq!(steps(&checked, AGREEMENT) == 0, agree, "{rule}");
    }
}

/// A clock in the master's state, independent of the Lamport time.
#[test]
fn write_sees_the_state_and_may_refuse() {
    let rule = "kind = \"table\"\nstart = '#{}'\nread = 'let all = #{}; for k in state.keys() { all[k] = `${state[k].v} (${state[k].n})`; } all'\n\
                write = 'if op.value == \"no\" { throw \"not this\" } let n = 0; for k in state.keys() { n = max(n, state[k].n); } n + 1'\n\
                apply = 'state[change.key] = #{v: change.op.value, n: change.effect}; state'";
    let clients = "A = [\"set a = x\", \"set b = no\", \"set c = z\"]";
    let scenario = scenario(rule, "", clients).unwrap();
    let model = scenario.model();
    let texts: Vec<String> = {
        use multimaster_models::model::Model;
        let mut state = model.init_states().remove(0);
        let mut said = Vec::new();
        for _ in 0..3 {
            let mut actions = Vec::new();
            model.actions(&state, &mut actions);
            let write = actions.into_iter().find(|action| model.format_action(action).starts_with("A: ")).unwrap();
            said.extend(model.remark(&state, &write));
            state = model.step(&state, &write).unwrap().0;
        }
        said.push(model.readings(&state).remove(0));
        said
    };
    assert!(texts[0].contains("not this"), "{texts:?}");
    assert_eq!(texts.last().unwrap(), "rows={a: x (1), c: z (2)}");
}

#[test]
fn snapshots_need_a_merge() {
    let max = "kind = \"register\"\napply = 'if state == () || change.op.value > state { change.op.value } else { state }'\nread = 'state'";
    let clients = "A = [\"set k = 1\", \"set k = 3\"]\nB = [\"set k = 2\"]";
    let told = scenario(max, "log = 0", clients).unwrap_err();
    assert!(told.starts_with("mine.toml:5: ") && told.contains("the rule has no `merge`"), "{told}");
    let merge = "merge = 'if theirs.state == () || ours.state != () && ours.state > theirs.state { ours.state } else { theirs.state }'";
    assert_eq!(steps(&checked(&format!("{max}\n{merge}"), "log = 0", clients), CONVERGENCE), 0);
    // A side's `seen` contains the names of the writes that it has seen: here A's write wins once it is seen.
    let seen = "merge = 'if \"A1\" in theirs.seen && !(\"A1\" in ours.seen) { theirs.state } else { ours.state }'";
    assert!(steps(&checked(&format!("{max}\n{seen}"), "log = 0", clients), CONVERGENCE) > 0);
}

#[test]
fn what_is_wrong_is_told_with_the_script_and_its_line() {
    let set = "A = [\"set k = 1\"]\nB = [\"delete k\"]";
    for (rule, line, what) in [
        ("kind = \"register\"\nread = 'state'", 6, "a rule is either `over` and `keep`, or `kind`, `apply` and `read`"),
        ("kind = \"register\"\nover = \"merged\"\nkeep = 'first'", 6, "a rule is either"),
        (
            "kind = \"tree\"\napply = '1'\nread = '1'",
            7,
            "expected one of `register`, `counter`, `set`, `map`, `flag`, `table`",
        ),
        ("kind = \"register\"\napply = '''\n\nstate +'''\nread = 'state'", 10, "`apply`: Script is incomplete"),
        (
            "kind = \"register\"\napply = 'change.op.vlaue'\nread = 'state'",
            8,
            "`apply`: nothing has a field `vlaue`: the fields are `op`",
        ),
        ("kind = \"register\"\napply = 'change.op.value'\nread = '''\nstat'''", 10, "`read`: Undefined variable: stat"),
        (
            "kind = \"register\"\nstart = '#{a: 1}'\napply = 'state'\nread = 'state.b'",
            10,
            "`read`: nothing has a field `b`",
        ),
        ("kind = \"register\"\napply = 'sleep(9); 1'\nread = 'state'", 8, "`apply`: there is no `sleep`"),
        ("kind = \"register\"\napply = 'loop {}'\nread = 'state'", 8, "`apply`: Too many operations"),
        ("kind = \"register\"\napply = 'change.op.value.len()'\nread = 'state'", 8, "`apply`: Function not found: len"),
        (
            "kind = \"register\"\napply = 'change.op.value'\nread = '\"a\\nb\"'",
            9,
            "`read`: the text `a\\nb` has a line break",
        ),
        (
            "kind = \"register\"\nstart = '|x| x'\napply = '1'\nread = 'state'",
            8,
            "`start`: a value of type `Fn` is not plain data",
        ),
        (
            "kind = \"register\"\nwrite = 'op.value + 1 > 2; op.nme'\napply = '1'\nread = 'state'",
            8,
            "`write`: nothing has a field `nme`",
        ),
        (
            "kind = \"register\"\napply = 'change.op.value'\nread = 'state'\nmerge = 'ours.state.x()'",
            10,
            "`merge`: Function not found: x",
        ),
        (
            "kind = \"register\"\napply = 'change.op.value'\nread = 'state'\nmerge = 'ours'",
            10,
            "`merge`: a value of type `Seen` is not plain data: give text",
        ),
        ("kind = \"register\"\napply = 'change.value'\nread = 'state'", 8, "a change has no `value`: it has `op`"),
        (
            "kind = \"counter\"\napply = '1'\nread = 'state'",
            12,
            "the rule does not take `set k = 1`: it takes `add N to KEY`",
        ),
    ] {
        let told = scenario(rule, "", set).unwrap_err();
        assert!(told.starts_with(&format!("mine.toml:{line}: ")) && told.contains(what), "{rule}: {told}");
    }
}

/// The shipped scenarios of scripts, whose files have the other verdicts.
#[test]
fn two_claims_at_one_time_delete_both_and_a_third_one_makes_them_differ() {
    let tie = catalogue::find("expression/tie").unwrap();
    let checked = check(&tie, Engine::Own, &mut |_, _| {});
    assert!(checked.surprises.is_empty(), "{:?}", checked.surprises);
    assert_eq!((steps(&checked, CONVERGENCE), steps(&checked, NO_TOTAL_LOSS)), (7, 3));
}

/// An undecided loss is *not judged*, and the suggested `[expect]` says so and is met.
#[test]
fn what_scripts_show_is_not_judged_where_the_reading_does_not_tell() {
    let clients = "A = [\"set k = 1\"]\nB = [\"set k = 2\"]";
    let rule = "kind = \"register\"\napply = 'if state == () { change.op.value } else { `${state}+${change.op.value}` }'\nread = 'state'";
    let explored = checked(rule, "", clients);
    for property in [NO_POLICY_LOSS, NO_CAUSAL_LOSS, NO_TOTAL_LOSS] {
        assert!(matches!(explored.report.verdict(property), Some(Verdict::NotJudged(_))), "{property}");
    }
    let expect = explored.expectation().unwrap();
    assert!(expect.contains("no-total-loss = \"not-judged\""), "{expect}");
    assert!(checked(rule, "", &format!("{clients}\n{expect}")).surprises.is_empty());
    let wrong = expect.replace("convergence = \"violated\"", "convergence = \"not-judged\"");
    assert_eq!(
        checked(rule, "", &format!("{clients}\n{wrong}")).surprises,
        ["convergence: expected not judged, found violated"]
    );
}
