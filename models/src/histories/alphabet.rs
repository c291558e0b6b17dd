//! The few operations of which histories are made: [`of`].

use crate::histories::laws;
use multimaster::{Key, Kind, Request, Resolver};

/// A few requests that `rule` takes: two values and what removes them, or two elements, one of which is removed. What holds
/// for other values follows if the rule only copies and compares them.
pub fn of<R: Resolver>(rule: &R) -> Vec<Request> {
    let parsed = |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect();
    match rule.kind() {
        Kind::Set => parsed(&["insert x into k", "insert y into k", "remove x from k"]),
        _ => laws::operations(rule).into_iter().map(|op| Request { key: Key::from("k"), op }).collect(),
    }
}

/// The same, and the first of them on a second key. Rows of a table do not touch each other: a write to another key moves
/// clocks and sequence numbers, and no more.
pub fn of_two_keys<R: Resolver>(rule: &R) -> Vec<Request> {
    let mut requests = of(rule);
    let elsewhere = requests.first().map(|first| Request { key: Key::from("other"), op: first.op.clone() });
    requests.extend(elsewhere);
    requests
}
