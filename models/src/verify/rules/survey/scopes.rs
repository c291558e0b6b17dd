//! The networks in which rules are surveyed.

use super::{Rule, Under};
use crate::scope::{Client, Clocks, LinkKind, Scope};
use crate::verify::workload;
use multimaster::{MasterId, Topology};

/// The same scope with right clocks, if the rule uses them.
pub(super) fn right(rule: &Rule, scope: Scope) -> Scope {
    let clocks = if rule.rule.uses_wall_clock() { Clocks::Right } else { Clocks::Free };
    Scope { clocks, ..scope }
}

/// The times that the masters' clocks show: A's is ahead of C's, and C's of B's.
const APART: Option<[u64; 3]> = Some([10, 5, 7]);
/// The times that the clocks show if all have stopped at the same time.
const STILL: Option<[u64; 3]> = Some([5, 5, 5]);

/// Two masters with three writes, three with one each, as the workloads of [`verify`](crate::verify()) have them; those
/// under right clocks first. A rule that uses wall clocks is given several times: as they are, and moved on until they
/// are
/// [right](Clocks::Right).
pub(super) fn scopes(rule: &Rule) -> Vec<(Under, Scope)> {
    let mut scopes = Vec::new();
    let stream = LinkKind::Stream { resets: 0 };
    let datagram = LinkKind::Datagram { losses: 0, duplicates: 0 };
    let by_clocks = rule.rule.uses_wall_clock();
    let (right, times) =
        if by_clocks { (Clocks::Right, &[None, APART, STILL][..]) } else { (Clocks::Free, &[None][..]) };
    for [a, b, c] in workload(&rule.rule.rule(MasterId(0))).into_iter().flatten() {
        let three: [[&[&str]; 3]; 4] =
            [[&a, &b[..1], &[]], [&a[..1], &b, &[]], [&b[..1], &c, &[]], [&a[..1], &b[..1], &c[..1]]];
        for (asks, times) in three.iter().flat_map(|asks| times.iter().map(move |times| (asks, *times))) {
            scopes.push((Under::RightClocks, scope(stream, asks, times, right)));
        }
        if by_clocks {
            for asks in [[&a[..1], &b[..1], &[]], [&a[..1], &c[..1], &[]], [&a[..1], &b[..1], &c[1..]]] {
                scopes.push((Under::SkewedClocks, scope(stream, &asks, APART, Clocks::Free)));
            }
            for asks in &three {
                scopes.push((Under::SkewedClocks, scope(stream, asks, STILL, Clocks::Free)));
            }
        }
        scopes.push((Under::Unordered, scope(datagram, &[&a[..1], &b[..1], &c[..1]], None, right)));
    }
    scopes.sort_by_key(|(under, _)| *under as u8);
    scopes
}

/// As many masters as have clients.
fn scope(link: LinkKind, asks: &[&[&str]], times: Option<[u64; 3]>, clocks: Clocks) -> Scope {
    let asking: Vec<&[&str]> = asks.iter().copied().filter(|asks| !asks.is_empty()).collect();
    let clients = (0u16..).zip(&asking).map(|(at, asks)| {
        let timed = |ask: &&str| match times {
            Some(times) => format!("at {}, {ask}", times[usize::from(at)]),
            None => (*ask).to_owned(),
        };
        Client {
            at: MasterId(at),
            requests: asks
                .iter()
                .map(|ask| timed(ask).parse().expect("a workload is spelled as requests are"))
                .collect(),
        }
    });
    let clients: Vec<Client> = clients.collect();
    let topology = Topology::all_to_all(clients.len() as u16).expect("two or three masters");
    Scope { clients, clocks, ..Scope::new(topology, link) }
}
