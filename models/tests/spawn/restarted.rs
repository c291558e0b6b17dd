//! A master that is started again beside others has forgotten the dots of its writes, and writes under a fresh origin.

use super::adapter::{Pair, pair, together};
use super::running::{Player, Running, free_ports};
use multimaster::{LastWriteWins, MasterId, Reading};
use multimaster_models::spawn::meeting::{GREETINGS, RUNS};
use multimaster_models::spawn::{Epochs, Journal, MasterActor, MasterState, Packet, Timer};
use stateright::actor::{Actor, ActorModel, ActorModelState, Envelope, Id, LossyNetwork, Network, Out};
use stateright::{Checker, Expectation, Model};
use std::borrow::Cow;
use std::time::Duration;

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);
const SECOND_OF_B: MasterId = MasterId(3);

fn refusal(told: Option<Packet<Option<multimaster::Text>>>) -> String {
    match told {
        Some(Packet::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// The command as a user runs it: B is killed and started again, and receives a write, three times.
#[test]
fn a_master_that_was_started_again_writes_under_a_fresh_origin_and_gets_its_writes_back() {
    let port = free_ports();
    let first = Running::start("booking/last-write", port, &["--only", "A"]);
    let (a, b, client) = (port, port + 1, Player::new(0));
    for (origin, value) in ["B", "D", "F"].into_iter().zip(["one", "two", "three"]) {
        let run = Running::start("booking/last-write", port, &["--only", "B"]);
        if origin != "B" {
            run.line(&format!("B  was started again without its state: its writes are those of {origin} from now on"));
            first.line(&format!("A  knows from B that B was started again: its writes are those of {origin}"));
            client.shows(b, "B", r#"{"Value":"one"}"#);
        }
        let ask = format!("{{\"Ask\":\"set {origin} = {value}\"}}");
        assert_eq!(client.once(b, ask.as_bytes()), format!("{{\"Wrote\":\"{origin}1\"}}"));
        client.shows(a, origin, &format!("{{\"Value\":\"{value}\"}}"));
        run.end();
    }
    // A's writes in the meantime reach B's next run, and B's writes reach A.
    assert_eq!(client.once(a, br#"{"Ask":"set B = four"}"#), r#"{"Wrote":"A1"}"#);
    let run = Running::start("booking/last-write", port, &["--only", "B"]);
    client.shows(b, "B", r#"{"Value":"four"}"#);
    assert_eq!(client.once(b, br#"{"Ask":"delete B"}"#), r#"{"Wrote":"H1"}"#);
    client.shows(a, "B", "\"Nothing\"");
    first.end();
    run.end();
}

#[test]
fn masters_that_start_alone_meet_and_write() {
    let mut pair = Pair::started(LastWriteWins, 1, None, |at| Epochs::of(2, [(MasterId(at as u16), 5 + at as u64)]));
    assert!(refusal(pair.ask(0, "set k = early")).starts_with("A has just started and waits for an answer of B"));
    assert_eq!(pair.flying.len(), 2, "a greeting each");
    assert_eq!(pair.run(|_| false), 8, "and an answer to each, which is not answered; then the same with an origin");
    assert_eq!(pair.ask(0, "set k = v"), Some(Packet::Wrote("A1".into())));
    pair.run(|_| false);
    assert_eq!(pair.reads(1, "k"), Reading::Value("v".into()));
}

/// A master that knows a run of B for every possible origin.
#[test]
fn a_master_that_was_started_too_often_takes_no_part() {
    let mut pair = Pair::new(LastWriteWins, 1, None);
    for run in 1..RUNS {
        pair.start_again(1, LastWriteWins, 100 + u64::from(run));
        pair.run(|_| false);
        let dot = format!("{}1", MasterId(1 + 2 * run));
        assert_eq!(pair.ask(1, "set k = v"), Some(Packet::Wrote(dot)));
        pair.run(|_| false);
        assert_eq!(pair.reads(0, "k"), Reading::Value("v".into()));
    }
    pair.start_again(1, LastWriteWins, 100 + u64::from(RUNS));
    pair.run(|_| false);
    assert!(refusal(pair.ask(1, "set k = w")).contains("end all masters and start them together"));
}

/// No neighbour answers at the start, so the master accepts writes after its last greeting. Then a neighbour that knows
/// its earlier run returns.
#[test]
fn what_was_acknowledged_before_anyone_could_tell_is_not_taken_for_what_is_known() {
    let mut pair = Pair::new(LastWriteWins, 1, None);
    assert_eq!(pair.ask(1, "set k = old"), Some(Packet::Wrote("B1".into())));
    pair.run(|_| false);
    pair.start_again(1, LastWriteWins, 9);
    for _ in 0..GREETINGS {
        pair.flying.clear();
        assert!(refusal(pair.ask(1, "set k = new")).contains("has just started"));
        pair.timeout(1, &Timer::Greet);
    }
    pair.flying.clear();
    assert_eq!(pair.ask(1, "set k = new"), Some(Packet::Wrote("B1".into())));
    // Its push reaches A. Both sides refuse, and A keeps its own write with the same dot.
    assert!(pair.run(|_| false) < 10, "nobody answers an answer");
    assert!(
        pair.counted(0, "other epoch") > 0 && pair.counted(1, "other epoch") > 0 && pair.counted(0, "duplicate") == 0
    );
    assert_eq!((pair.reads(0, "k"), pair.reads(1, "k")), (Reading::Value("old".into()), Reading::Value("new".into())));
    let why = refusal(pair.ask(1, "set k = newer"));
    assert!(
        why.contains("was started again: A knows its run of epoch 7, which has its origin, and this is 9"),
        "{why}"
    );
    // This is final: later packets do not change it, and its ticks send no digest.
    pair.tick(1);
    assert_eq!(pair.run(|_| false), 0);
    pair.tick(0);
    assert_eq!(pair.run(|_| false), 2, "A's digest, and why it is not answered");
    assert!(refusal(pair.ask(1, "set k = newer")).contains("was started again"));
}

/// B, which may be ended and started again at any time: one actor, whose timer causes this.
#[derive(Clone)]
struct Mortal {
    runs: Vec<std::sync::Arc<MasterActor<LastWriteWins>>>,
}

type Run = (usize, MasterState<LastWriteWins>);

impl Mortal {
    /// One master, with one run for each of these epochs.
    fn new(id: MasterId, epochs: &[Epochs]) -> Mortal {
        let ids = Id::vec_from([0usize, 1]);
        let run = |epochs: &Epochs| {
            let journal = Journal::silent();
            MasterActor::new(id, LastWriteWins, pair(1, None), ids.clone(), epochs.clone(), None, journal)
        };
        Mortal { runs: epochs.iter().map(|epochs| std::sync::Arc::new(run(epochs))).collect() }
    }

    fn start(&self, run: usize, id: Id, out: &mut Out<Self>) -> Run {
        let mut own = Out::new();
        let state = self.runs[run].on_start(id, &None, &mut own);
        self.pass(own, out);
        if run + 1 < self.runs.len() {
            out.set_timer(Timer::Greet, Duration::ZERO..Duration::ZERO);
        }
        (run, state)
    }

    fn pass(&self, own: Out<MasterActor<LastWriteWins>>, out: &mut Out<Self>) {
        for command in own {
            if let stateright::actor::Command::Send(to, packet) = command {
                out.send(to, packet);
            }
        }
    }
}

impl Actor for Mortal {
    type Msg = Packet<Option<multimaster::Text>>;
    type Timer = Timer;
    type State = Run;
    type Storage = ();
    type Random = ();

    fn on_start(&self, id: Id, _: &Option<()>, out: &mut Out<Self>) -> Run {
        self.start(0, id, out)
    }

    fn on_msg(&self, id: Id, state: &mut Cow<'_, Run>, src: Id, packet: Self::Msg, out: &mut Out<Self>) {
        let (run, own) = state.to_mut();
        let (mut held, mut sent) = (Cow::Borrowed(&*own), Out::new());
        self.runs[*run].on_msg(id, &mut held, src, packet, &mut sent);
        *own = held.into_owned();
        self.pass(sent, out);
    }

    fn on_timeout(&self, id: Id, state: &mut Cow<'_, Run>, _: &Timer, out: &mut Out<Self>) {
        let next = state.0 + 1;
        *state.to_mut() = self.start(next, id, out);
    }
}

/// Two acknowledgements with the same dot.
fn told_twice(state: &ActorModelState<Mortal>) -> bool {
    let told = |envelope: Envelope<_>| match envelope.msg {
        Packet::Wrote(dot) => Some(format!("{dot} of {}", envelope.dst)),
        _ => None,
    };
    let all: Vec<String> =
        state.network.iter_deliverable().filter_map(|envelope| told(envelope.to_cloned_msg())).collect();
    let dots: std::collections::BTreeSet<&str> = all.iter().filter_map(|told| told.split(' ').next()).collect();
    dots.len() < all.len()
}

/// B is started again at any time. Two clients write at B; if A `writes`, one client writes at A.
fn explored(writes: bool, lossy: LossyNetwork) -> ActorModel<Mortal> {
    let ask = |from: usize, at: usize| Envelope {
        src: Id::from(from),
        dst: Id::from(at),
        msg: Packet::Ask(format!("set k = {from}")),
    };
    let asks = [ask(8, 1), ask(9, 1)].into_iter().chain(writes.then(|| ask(7, 0)));
    ActorModel::new((), ())
        .actor(Mortal::new(A, &[together()]))
        .actor(Mortal::new(B, &[together(), Epochs::of(2, [(B, 9)])]))
        .init_network(Network::new_unordered_nonduplicating(asks))
        .lossy_network(lossy)
        .property(Expectation::Always, "no dot is acknowledged twice", |_, state| !told_twice(state))
        .property(Expectation::Sometimes, "A has writes of both runs", |_, state| {
            let seen = state.actor_states[0].1.replica().digest();
            seen.get(B) > 0 && seen.get(SECOND_OF_B) > 0
        })
}

/// Whenever B is started again, and whichever packets are lost or overtaken, B gives no write a dot of an earlier run.
/// Here B waits for every neighbour, so it always receives A's answer first.
#[test]
fn under_every_order_no_dot_is_acknowledged_twice() {
    let checker = explored(false, LossyNetwork::Yes).checker().spawn_dfs().join();
    checker.assert_properties();
    // A's next change makes B send a digest.
    let gets_back = |_: &ActorModel<Mortal>, state: &ActorModelState<Mortal>| {
        let (run, own) = &*state.actor_states[1];
        *run == 1 && own.replica().origin() == SECOND_OF_B && own.replica().digest().get(B) > 0
    };
    let model = explored(true, LossyNetwork::No).property(
        Expectation::Sometimes,
        "the second run gets a write of the first back",
        gets_back,
    );
    let checker = model.checker().spawn_dfs().join();
    checker.assert_properties();
    for (at, actor) in checker.model().actors.iter().enumerate() {
        let counts = actor.runs.iter().map(|run| run.journal().counts());
        assert!(counts.into_iter().all(|counts| !counts.contains_key("other epoch")), "{at} refuses a run");
    }
}

/// Each master drops a tombstone once it knows that all have seen the delete, also after C was started again without its
/// state.
#[test]
fn tombstones_are_dropped_if_the_scenario_says_so() {
    let (port, client) = (free_ports(), Player::new(0));
    let start = |only| Running::again("failures/tombstones-seen-by-all", port, &["--tick", "20", "--only", only]);
    let (first, second, third) = (start("A"), start("B"), start("C"));
    let write = |request: &str| client.once(port, format!("{{\"Ask\":\"{request}\"}}").as_bytes());
    for (run, master) in [(&first, "A"), (&second, "B"), (&third, "C")] {
        run.line(&format!("{master}  takes writes: "));
    }
    assert_eq!(write("set k = 1"), r#"{"Wrote":"A1"}"#);
    assert_eq!(write("delete k"), r#"{"Wrote":"A2"}"#);
    for (run, master) in [(&first, "A"), (&second, "B"), (&third, "C")] {
        run.line(&format!("{master}  drops 1 tombstone: all have seen A2"));
    }
    third.end();
    let again = start("C");
    again.line("its writes are those of F from now on");
    client.shows(port + 2, "k", "\"Nothing\"");
    assert_eq!(write("set l = 1"), r#"{"Wrote":"A3"}"#);
    assert_eq!(write("delete l"), r#"{"Wrote":"A4"}"#);
    first.line("A  drops 1 tombstone: all have seen A4");
    second.line("B  drops 1 tombstone: all have seen A4");
    // C gets k from A once more if A's log still has it, and drops its tombstone again.
    again.line("C  drops ");
    assert_eq!(client.counted(port, "tombstone dropped"), 2);
    first.end();
    second.end();
    again.end();
}
