//! Traces: the claims of the stored ones are true, and every written trace can be replayed.

use multimaster::{LastWriteWins, MasterId, Message, Topology};
use multimaster_models::fault::Fault;
use multimaster_models::model::Model;
use multimaster_models::node::any_rule::{AnyMessage, AnyReplica};
use multimaster_models::node::tamper::Tamper;
use multimaster_models::properties::{AGREEMENT, CONVERGENCE};
use multimaster_models::report::trace::{Replayed, Trace, write};
use multimaster_models::scenario::Scenario;
use multimaster_models::scenario::catalogue;
use multimaster_models::scope::{Client, LinkKind, Scope};
use multimaster_models::subject::Subject;
use multimaster_models::world::cluster::ClusterModel;
use std::collections::HashSet;
use std::path::Path;

fn replay(file: &str, text: &str) -> Result<Replayed, Fault> {
    let trace = Trace::parse(file, text)?;
    trace.replay(&catalogue::find(&trace.scenario)?.model())
}

#[test]
fn the_kept_traces_show_what_they_claim() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/traces");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# "), "{file} begins with a story");
        let trace = Trace::parse(&file, &text).unwrap();
        assert!(!trace.claims.is_empty() && !trace.steps.is_empty(), "{file}");
        let replayed = replay(&file, &text).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(replayed.wrong, [], "{file}");
        assert_eq!(replayed.steps.len(), trace.steps.len(), "{file}");
        seen += 1;
    }
    assert!(seen >= 8, "{seen} traces");
}

const BOOKING: &str = "\
# Two bookings
scenario booking/arrival
violates convergence

A: set seat = 14 Ann      # one
B: set seat = 12 Bob
A -> B: A1 after nothing
B -> A: B1 after nothing
";

#[test]
fn a_step_that_cannot_happen_is_refused_with_those_that_can() {
    let fault = replay("my.trace", &BOOKING.replace("A -> B: A1", "A -> B: A2")).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "my.trace:7: `A -> B: A2 after nothing` is not possible here; the possible steps: \n  A -> B: A1 after nothing\n  B -> A: B1 \
         after nothing"
    );
    let fault = replay("my.trace", &format!("{BOOKING}A: set seat = 1 Eve\n")).unwrap_err();
    assert_eq!(fault.to_string(), "my.trace:9: `A: set seat = 1 Eve` is not possible here; the possible steps: none");
}

#[test]
fn a_claim_that_is_not_so_is_told_apart_from_one_that_cannot_be_made() {
    let replayed = replay("my.trace", &BOOKING.replace("violates", "keeps")).unwrap();
    assert_eq!(replayed.wrong.len(), 1);
    assert_eq!((replayed.wrong[0].line, replayed.wrong[0].property.as_str()), (3, CONVERGENCE));
    // A claim must name a property of this scenario: a witness is refused, and so is another property.
    for claim in ["keeps quiescence", "violates a conflict", "violates order kept", "violates nothing"] {
        let fault = replay("my.trace", &BOOKING.replace("violates convergence", claim)).unwrap_err();
        assert!(
            fault.line == 3 && fault.what.contains("its properties are convergence, agreement at quiescence"),
            "{claim}: {fault}"
        );
    }
}

#[test]
fn a_trace_is_of_one_scenario() {
    let none = replay("my.trace", &BOOKING.replace("scenario booking/arrival", "")).unwrap_err();
    assert!(none.to_string().starts_with("my.trace: the line `scenario NAME` is missing"), "{none}");
    let two = replay("my.trace", &format!("{BOOKING}scenario booking/custom\n")).unwrap_err();
    assert!(two.to_string().starts_with("my.trace:9: a second scenario"), "{two}");
    let unknown = replay("my.trace", &BOOKING.replace("booking/arrival", "no/such")).unwrap_err();
    assert!(unknown.to_string().starts_with("no/such: no such file"), "{unknown}");
}

#[test]
fn comments_blanks_and_other_line_ends_are_no_steps() {
    let spaced =
        BOOKING.replace("convergence\n", "convergence   # as ever\n").replace("Bob\n", "Bob\t# two\n\n  # so\n");
    let spaced = spaced.replace("booking/arrival", "booking/arrival # the file").replace('\n', "\r\n");
    let replayed = replay("my.trace", &spaced).unwrap();
    assert_eq!((replayed.steps.len(), replayed.wrong), (4, Vec::new()));
}

/// Values that contain the start of a comment, and a value that is a prefix of another.
const HASHES: &str = r##"
about = "values that look like comments"
masters = 2
topology = "all-to-all"
rule = "multi-value"
link = "datagram"
[clients]
A = ["set k = a", "set k = a #b", "set k = #"]
"A/2" = ["set k = a  # A k=a", "set #k = 1"]
B = ["set k = a -> b: c"]
"##;

/// Takes random walks, checks that in each state the words of all possible steps differ, writes the walk as a trace and
/// replays it.
fn walk(scenario: &Scenario, walks: usize) {
    let model = scenario.model();
    let mut random = 1_u64;
    for _ in 0..walks {
        let mut state = model.init_states().remove(0);
        let mut path = Vec::new();
        loop {
            let mut actions = Vec::new();
            model.actions(&state, &mut actions);
            let possible: Vec<usize> =
                (0..actions.len()).filter(|index| model.step(&state, &actions[*index]).is_some()).collect();
            let said: HashSet<String> = possible.iter().map(|index| model.describe(&state, &actions[*index])).collect();
            assert_eq!(said.len(), possible.len(), "{}: {said:?}", scenario.name);
            if possible.is_empty() || path.len() >= 40 {
                break;
            }
            // Knuth's MMIX generator: the upper bits are good enough, and the walks are the same everywhere.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let index = possible[(random >> 33) as usize % possible.len()];
            state = model.step(&state, &actions[index]).unwrap().0;
            path.push(index);
        }
        let path = multimaster_models::check::engine::Path::from(path);
        let text = write(&model, &scenario.name, AGREEMENT, &path);
        let trace = Trace::parse("walk", &text).unwrap();
        let replayed = trace.replay(&model).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
        assert_eq!(replayed.path, path, "{text}");
        assert_eq!(replayed.steps.last().map(|step| &step.readings), Some(&model.readings(&state)), "{text}");
    }
}

#[test]
fn whatever_is_written_down_is_replayed_to_the_same_end() {
    let hashes = Scenario::parse("hashes", "hashes.toml", HASHES).unwrap();
    walk(&hashes, 200);
    for scenario in catalogue::all().unwrap() {
        walk(&scenario, 10);
    }
}

#[test]
fn a_step_is_the_longest_that_the_line_says() {
    let hashes = Scenario::parse("hashes", "hashes.toml", HASHES).unwrap();
    let text = "scenario hashes\nkeeps convergence\nA: set k = a  # A k=a   # a value with a comment in it\n";
    let trace = Trace::parse("my.trace", text).unwrap();
    let replayed = trace.replay(&hashes.model()).unwrap();
    assert_eq!(replayed.steps[0].step, "A: set k = a  # A k=a");
}

/// Two changes over a stream with a `Tamper`.
fn tampered(send: fn(&AnyReplica, MasterId, &mut AnyMessage) -> bool) -> ClusterModel {
    let asks = ["set k = 1", "set k = 2"].map(|ask| ask.parse().unwrap()).to_vec();
    let scope = Scope {
        batch: 2,
        clients: vec![Client { at: MasterId(0), requests: asks }],
        ..Scope::new(Topology::all_to_all(2).unwrap(), LinkKind::Stream { resets: 0 })
    };
    ClusterModel::new(scope, LastWriteWins).tampered(Tamper { send, ..Tamper::default() })
}

#[test]
fn a_step_on_a_tampered_stream_is_what_was_delivered() {
    let cluster = tampered(|_, _, message| {
        if let Message::Push(push) = message {
            push.changes = push.changes.iter().skip(1).cloned().collect();
        }
        true
    });
    let text = "scenario here\nkeeps agreement at quiescence\nA: set k = 1\nA: set k = 2\nA -> B: A2 after nothing\n";
    let replayed = Trace::parse("here", text).unwrap().replay(&cluster).unwrap();
    let last = replayed.steps.last().unwrap();
    assert_eq!((last.step.as_str(), last.readings[1].as_str()), ("A -> B: A2 after nothing", "nothing"));
    assert_eq!(last.remark.as_deref(), Some("refused: A2 cannot be the next change of A"));
    assert!(
        replayed.diagram.svg().contains("A2 after nothing") && !replayed.diagram.svg().contains("A1 A2"),
        "{}",
        replayed.diagram.svg()
    );
    let as_it_was_meant = text.replace("A2 after nothing", "A1 A2 after nothing");
    assert!(Trace::parse("here", &as_it_was_meant).unwrap().replay(&cluster).is_err());
}
