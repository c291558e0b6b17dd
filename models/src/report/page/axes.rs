//! The place of a scenario in the table of verdicts: its failures and its topology.

use crate::scenario::{Explored, Scenario};
use crate::scope::{Clocks, Failures, Keeps, LinkKind, Scope};

/// The groups of columns.
pub(super) const FAILURES: [&str; 7] = [
    "no failures",
    "messages lost, doubled or reordered",
    "cuts",
    "crashes, all kept",
    "crashes, state lost",
    "masters that stay down",
    "wrong clocks",
];

/// The index in [`FAILURES`], and the topology.
pub(super) fn column(scenario: &Scenario) -> (usize, String) {
    (failures(scenario), scenario.shape.clone())
}

fn scope(scenario: &Scenario) -> Option<&Scope> {
    match &scenario.subject {
        Explored::Cluster(_, scope) | Explored::Sharded(_, scope, _) => Some(scope),
        Explored::Nodes(nodes) => Some(&nodes.scope),
        Explored::Article(_) => None,
    }
}

fn failures(scenario: &Scenario) -> usize {
    let Some(scope) = scope(scenario) else { return 0 };
    let skewed = matches!(scope.clocks, Clocks::SkewedBy(_)) || scope.clocks == Clocks::Free && scope.gives_times();
    let Failures { cuts, crashes, keeps, restarts, .. } = scope.failures;
    match keeps {
        _ if crashes > 0 && !restarts => 5,
        Keeps::All if crashes > 0 => 3,
        _ if crashes > 0 => 4,
        _ if cuts > 0 => 2,
        _ if skewed => 6,
        _ => usize::from(!keeps_order(scope.link)),
    }
}

/// Whether every message arrives once and in order.
fn keeps_order(link: LinkKind) -> bool {
    matches!(link, LinkKind::Stream { resets: 0 } | LinkKind::Channel { .. })
}

/// The links and the failures of the scenario, in words.
pub(super) fn in_words(scenario: &Scenario) -> String {
    let Some(scope) = scope(scenario) else { return "channels of bounded capacity".into() };
    let times = |count: u8, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        count => Some(format!("{count} {what}s")),
    };
    let (link, faults) = match scope.link {
        LinkKind::Stream { resets } => ("streams", vec![times(resets, "reset")]),
        LinkKind::Datagram { losses, duplicates } => {
            ("datagrams in any order", vec![times(losses, "loss").map(plural), times(duplicates, "duplicate")])
        }
        LinkKind::Soup => ("messages that arrive at any time, any number of times", Vec::new()),
        LinkKind::Running { losses, duplicates } => {
            ("running links", vec![times(losses, "loss").map(plural), times(duplicates, "duplicate")])
        }
        LinkKind::Channel { .. } => ("channels of bounded capacity", Vec::new()),
    };
    let failures = &scope.failures;
    let of_masters = [
        times(failures.cuts, "cut"),
        times(failures.crashes, "crash").map(plural).map(|crashes| format!("{crashes} (kept: {})", failures.keeps)),
    ];
    let faults: Vec<String> = faults.into_iter().chain(of_masters).flatten().collect();
    if faults.is_empty() { link.to_owned() } else { format!("{link}; at most {}", faults.join(", ")) }
}

/// `2 losss` is spelled `2 losses`.
fn plural(text: String) -> String {
    text.replace("losss", "losses").replace("crashs", "crashes")
}
