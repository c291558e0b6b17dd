//! The operations of which histories are made: [`of`].

use crate::histories::laws;
use multimaster::{Key, Kind, Request, Resolver};

/// A few requests that `rule` accepts: two values and their removal, or two elements, one of which is removed. The
/// verdict holds for other values if the rule only copies and compares values.
pub fn of<R: Resolver>(rule: &R) -> Vec<Request> {
    let parsed = |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect();
    match rule.kind() {
        Kind::Set => parsed(&["insert x into k", "insert y into k", "remove x from k"]),
        _ => laws::operations(rule).into_iter().map(|op| Request { key: Key::from("k"), op }).collect(),
    }
}

/// As [`of`], with the first request on a second key, too. Keys are independent: a write of another key only advances
/// clocks and sequence numbers.
pub fn of_two_keys<R: Resolver>(rule: &R) -> Vec<Request> {
    let mut requests = of(rule);
    let elsewhere = requests.first().map(|first| Request { key: Key::from("other"), op: first.op.clone() });
    requests.extend(elsewhere);
    requests
}
