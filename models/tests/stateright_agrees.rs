//! stateright's breadth-first and depth-first checkers have the same results as this crate's.

use multimaster::{ArrivalWins, Counter, Dot, LastWriteWins, MasterId, MultiValue, ObservedRemoveSet, Topology};
use multimaster_models::SerdeRule;
use multimaster_models::check::engine::{self, Limits, Path, Report, Verdict};
use multimaster_models::check::erased::Erased;
use multimaster_models::check::stateright_engine::{How, disagreement, explore};
use multimaster_models::model::{Model, Property, Sent};
use multimaster_models::node::tamper::Tamper;
use multimaster_models::properties::FALLS_SILENT;
use multimaster_models::scope::{Client, LinkKind, Scope};
use multimaster_models::subject::{Arrow, Subject};
use multimaster_models::world::article::Article;
use multimaster_models::world::cluster::ClusterModel;
use stateright::Checker;

/// Explores the model of `subject` with three engines, and returns this crate's report.
fn agreed<M: Subject>(what: &str, subject: impl Fn() -> M) -> Report {
    let ours = engine::explore(&subject(), Limits::default(), |_, _| {});
    for how in [How::Bfs, How::Dfs] {
        assert_eq!(
            disagreement(&ours, &explore(Erased::new(subject()), how, Limits::default())),
            None,
            "{what}, {how:?}"
        );
    }
    ours
}

fn clients(scripts: &[&[&str]]) -> Vec<Client> {
    let client = |(at, asks): (usize, &&[&str])| Client {
        at: MasterId(at as u16),
        requests: asks.iter().map(|ask| ask.parse().unwrap()).collect(),
    };
    scripts.iter().enumerate().map(client).collect()
}

/// Three masters under `rule`, in the three topologies over the three links.
fn everywhere<R: SerdeRule>(rule: R, scripts: &[&[&str]]) {
    for topology in [Topology::ring(3), Topology::star(3), Topology::all_to_all(3)].map(Result::unwrap) {
        for link in [LinkKind::Stream { resets: 1 }, LinkKind::Datagram { losses: 1, duplicates: 0 }, LinkKind::Soup] {
            let what = format!("{} over {link:?} in {topology:?}", std::any::type_name::<R>());
            let clients = clients(scripts);
            let scope = Scope { batch: 2, clients, ..Scope::new(topology.clone(), link) };
            let report = agreed(&what, || ClusterModel::new(scope.clone(), rule.clone()));
            assert!((20..10_000).contains(&report.states), "{} states, {what}", report.states);
        }
    }
}

#[test]
fn on_registers() {
    everywhere(LastWriteWins, &[&["set k = 1", "delete k"], &["set k = 2"], &[]]);
    everywhere(ArrivalWins, &[&["set k = 1"], &["set k = 2"], &[]]);
    everywhere(MultiValue, &[&["set k = 1"], &["set k = 2"], &[]]);
}

#[test]
fn on_counters_and_sets() {
    everywhere(Counter, &[&["add 1 to n"], &["subtract 2 from n"], &[]]);
    everywhere(ObservedRemoveSet, &[&["insert x into s"], &["remove x from s"], &[]]);
}

#[test]
fn on_the_article_its_deadlocks_and_its_loops() {
    for (topology, relay) in [
        (Topology::all_to_all(2), false),
        (Topology::all_to_all(3), false),
        (Topology::ring(3), true),
        (Topology::star(3), true),
    ] {
        let topology = topology.unwrap();
        let scripts: &[&[&str]] = &[&["set k = 1", "set k = 2"], &["set k = 3"]];
        let report =
            agreed("article", || Article::new(topology.clone(), 2, relay, clients(scripts)).unwrap().cluster());
        let loops = relay && topology == Topology::ring(3).unwrap();
        assert_eq!(matches!(report.verdict(FALLS_SILENT), Some(Verdict::Violated(Some(_)))), loops);
    }
}

#[test]
fn on_a_protocol_that_never_falls_silent() {
    let scope = Scope {
        clients: clients(&[&["set k = 1"], &["set k = 2"]]),
        ..Scope::new(Topology::ring(3).unwrap(), LinkKind::Datagram { losses: 1, duplicates: 0 })
    };
    let tamper = || Tamper { forwards_duplicates: true, ..Tamper::default() };
    let report = agreed("a ring", || ClusterModel::new(scope.clone(), LastWriteWins).tampered(tamper()));
    assert!(matches!(report.verdict(FALLS_SILENT), Some(Verdict::Violated(Some(_)))));
    assert_eq!(report.messages, None);
}

/// Counts to a limit. Both properties are decided in the initial state, so by default stateright would explore one
/// state.
struct Count(u8);

impl Model for Count {
    type State = u8;
    type Action = ();

    fn init_states(&self) -> Vec<u8> {
        vec![0]
    }

    fn actions(&self, _: &u8, actions: &mut Vec<()>) {
        actions.push(());
    }

    fn step(&self, state: &u8, (): &()) -> Option<(u8, Sent)> {
        (*state < self.0).then(|| (state + 1, Sent::from_slice(&[Dot::new(MasterId(0), 1)])))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("never", |_, _| false), Property::sometimes("ever", |_, _| true)]
    }
}

/// The same for stateright alone.
struct Alone(Count);

impl stateright::Model for Alone {
    type State = u8;
    type Action = ();

    fn init_states(&self) -> Vec<u8> {
        self.0.init_states()
    }

    fn actions(&self, state: &u8, actions: &mut Vec<()>) {
        self.0.actions(state, actions);
    }

    fn next_state(&self, state: &u8, (): ()) -> Option<u8> {
        self.0.step(state, &()).map(|(next, _)| next)
    }

    fn properties(&self) -> Vec<stateright::Property<Self>> {
        vec![stateright::Property::always("never", |_, _| false), stateright::Property::sometimes("ever", |_, _| true)]
    }
}

impl Subject for Count {
    fn describe(&self, _: &u8, (): &()) -> String {
        "one more".into()
    }

    fn remark(&self, _: &u8, (): &()) -> Option<String> {
        None
    }

    fn masters(&self) -> Vec<String> {
        vec!["A".into()]
    }

    fn readings(&self, state: &u8) -> Vec<String> {
        vec![state.to_string()]
    }

    fn complaint(&self, _: &str, _: &u8) -> Option<String> {
        None
    }

    fn arrow(&self, _: &u8, (): &()) -> Arrow {
        Arrow::At(0, "one more".into())
    }
}

#[test]
fn a_run_is_exhaustive_even_if_every_state_decides_everything() {
    let report = agreed("a count", || Count(9));
    assert_eq!((report.states, report.generated, report.depth, report.messages), (10, 10, 9, Some(9)));
    assert_eq!(report.verdict("never"), Some(&Verdict::Violated(Some(Path::default()))));
    let alone = stateright::Model::checker(Alone(Count(9))).spawn_bfs().join();
    assert_eq!(alone.unique_state_count(), 1);
}

#[test]
fn a_disagreement_is_told() {
    let ours = engine::explore(&Count(9), Limits::default(), |_, _| {});
    let told = |alter: &dyn Fn(&mut Report)| {
        let mut theirs = ours.clone();
        alter(&mut theirs);
        disagreement(&ours, &theirs).unwrap()
    };
    assert!(told(&|report| report.states += 1).contains("(11,"));
    assert!(told(&|report| report.findings[0].verdict = Verdict::Holds(None)).starts_with("never: "));
    assert!(told(&|report| report.cut = Some(engine::Cut::Found)).contains("cut"));
    assert!(told(&|report| drop(report.findings.pop())).contains("properties"));
    assert!(told(&|report| report.messages = None).contains("messages"));
    // A longer path of another engine is allowed, a shorter one is not.
    let one_more = Verdict::Holds(Some(vec![0].into()));
    let mut theirs = ours.clone();
    theirs.findings[2].verdict = one_more;
    assert_eq!(theirs.findings[2].property, "ever");
    assert_eq!(disagreement(&ours, &theirs), None);
    assert!(disagreement(&theirs, &ours).unwrap().contains("1 steps, theirs 0"));
}
