//! The default requests of clients.

use multimaster::{Kind, MasterId, Replica, Request, Resolver, Topology};

/// Two writes for each of three masters: once with values that rise in the order of time, once with values that fall,
/// because a rule that prefers the larger or the smaller value may err in one order only.
pub(crate) type Workload = [[[&'static str; 2]; 3]; 2];

/// The default writes for `rule`. For a map, these are writes to fields of a kind that the map takes. `None` for a kind
/// of data that only a newer library has.
pub(crate) fn workload<R: Resolver>(rule: &R) -> Option<Workload> {
    match rule.kind() {
        // Registers come first, because most maps take them.
        Kind::Map => FIELDS.into_iter().rev().max_by_key(|fields| taken(rule, fields)),
        kind => of_kind(kind),
    }
}

/// The number of these writes that the rule takes, if each master makes its writes in order.
fn taken<R: Resolver>(rule: &R, workload: &Workload) -> usize {
    let Ok(pair) = Topology::all_to_all(2) else { return 0 };
    let accepted = |writes: &[&str; 2]| {
        let mut master = Replica::new(MasterId(0), rule.clone(), &pair);
        let requests = writes.iter().filter_map(|text| text.parse::<Request>().ok());
        requests.filter(|request| master.write(&request.key, request.op.clone()).is_ok()).count()
    };
    workload.iter().flatten().map(accepted).sum()
}

/// Writes to fields of a map: to registers, to counters, and to sets.
const FIELDS: [Workload; 3] = [
    [
        [
            ["in k, set f = 1", "in k, set f = 3"],
            ["in k, set f = 2", "remove f from k"],
            ["remove f from k", "in k, set g = 4"],
        ],
        [
            ["in k, set f = 4", "remove f from k"],
            ["in k, set f = 3", "in k, set g = 1"],
            ["in k, delete f", "in k, set f = 1"],
        ],
    ],
    [
        [
            ["in k, add 1 to f", "in k, subtract 2 from f"],
            ["in k, add 10 to f", "remove f from k"],
            ["remove f from k", "in k, add 1000 to g"],
        ],
        [
            ["in k, subtract 2 from f", "remove f from k"],
            ["in k, add 100 to f", "in k, add 10 to g"],
            ["in k, add 5 to f", "in k, add 1 to f"],
        ],
    ],
    [
        [
            ["in k, insert x into f", "in k, insert x into f"],
            ["in k, remove x from f", "remove f from k"],
            ["remove f from k", "in k, insert y into g"],
        ],
        [
            ["in k, insert x into f", "remove f from k"],
            ["in k, insert x into f", "in k, insert y into g"],
            ["in k, remove x from f", "in k, insert x into f"],
        ],
    ],
];

fn of_kind(kind: Kind) -> Option<Workload> {
    let workload = match kind {
        Kind::Register => [
            [["set k = 1", "set k = 3"], ["set k = 2", "delete k"], ["delete k", "set k = 4"]],
            [["set k = 4", "set k = 2"], ["set k = 3", "delete k"], ["delete k", "set k = 1"]],
        ],
        Kind::Counter => [
            [["add 1 to k", "subtract 2 from k"], ["add 10 to k", "add 100 to k"], ["add 1000 to k", "add 5 to k"]],
            [["subtract 2 from k", "add 1 to k"], ["add 100 to k", "add 10 to k"], ["add 5 to k", "add 1000 to k"]],
        ],
        Kind::Set => [
            [["insert x into k", "insert x into k"], ["remove x from k", "insert x into k"], ["insert y into k"; 2]],
            [["insert x into k", "remove x from k"], ["insert x into k", "remove x from k"], ["remove x from k"; 2]],
        ],
        Kind::Flag => [
            [["enable k", "disable k"], ["disable k", "enable k"], ["enable k"; 2]],
            [["disable k", "enable k"], ["enable k", "disable k"], ["disable k"; 2]],
        ],
        Kind::GrowOnlyCounter => [
            [["add 1 to k", "add 2 to k"], ["add 10 to k", "add 100 to k"], ["add 1000 to k", "add 5 to k"]],
            [["add 2 to k", "add 1 to k"], ["add 100 to k", "add 10 to k"], ["add 5 to k", "add 1000 to k"]],
        ],
        Kind::BoundedCounter => [
            [["add 2 to k", "transfer 1 of k to B"], ["add 10 to k", "subtract 10 from k"], ["add 5 to k"; 2]],
            [["add 2 to k", "subtract 2 from k"], ["add 10 to k", "transfer 3 of k to A"], ["subtract 1 from k"; 2]],
        ],
        Kind::GrowOnlySet => [
            [["insert x into k", "insert y into k"], ["insert y into k", "insert x into k"], ["insert z into k"; 2]],
            [["insert z into k", "insert y into k"], ["insert y into k", "insert z into k"], ["insert x into k"; 2]],
        ],
        Kind::Maximum => [
            [["raise k to 1", "raise k to 3"], ["raise k to 2", "raise k to 5"], ["raise k to 3", "raise k to 4"]],
            [["raise k to 4", "raise k to 2"], ["raise k to 3", "raise k to 1"], ["raise k to 3", "raise k to 5"]],
        ],
        Kind::Minimum => [
            [["lower k to 1", "lower k to 3"], ["lower k to 2", "lower k to 5"], ["lower k to 3", "lower k to 4"]],
            [["lower k to 4", "lower k to 2"], ["lower k to 3", "lower k to 1"], ["lower k to 3", "lower k to 5"]],
        ],
        Kind::Map => FIELDS[0],
        Kind::DeletableCounter => [
            [["add 1 to k", "delete k"], ["add 10 to k", "add 100 to k"], ["delete k", "add 5 to k"]],
            [["delete k", "add 1 to k"], ["add 100 to k", "delete k"], ["add 5 to k", "add 10 to k"]],
        ],
        _ => return None,
    };
    Some(workload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_asked_its_own_operations_alone() {
        use Kind::{BoundedCounter, Counter, Flag, GrowOnlyCounter, GrowOnlySet, Map, Maximum, Minimum, Register, Set};
        let kinds = [Register, Counter, Set, Flag, GrowOnlyCounter, BoundedCounter, GrowOnlySet, Maximum, Minimum];
        let of_kinds = kinds.map(|kind| (kind, of_kind(kind).unwrap()));
        for (kind, workload) in of_kinds.into_iter().chain(FIELDS.map(|fields| (Map, fields))) {
            for text in workload.iter().flatten().flatten() {
                let request: Request = text.parse().unwrap_or_else(|error| panic!("{kind:?}: {error}"));
                assert!(kind.takes(&request.op), "{kind:?}: {request}");
            }
        }
    }
}
