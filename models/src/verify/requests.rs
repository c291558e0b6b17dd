//! The requests that a user gives, as clients: [`clients`].

use crate::scope::Client;
use multimaster::{Kind, MasterId, Op, Request};
use std::collections::BTreeMap;

/// The most masters that a scenario file can have.
const MASTERS: u16 = 16;

/// Reads requests such as `A: set k = 1`. `A/2: …` is a second client of master A.
///
/// # Errors
/// The first request with an error, and its fix.
pub(super) fn clients(texts: &[String], kind: Kind, by_clocks: bool) -> Result<Vec<Client>, String> {
    of_any_kind(texts, |request| {
        if !kind.takes(&request.op) {
            return Err(format!("the rule does not take it: it takes {}", kind.operations()));
        }
        if !by_clocks && request.op.time().is_some() {
            return Err("the rule does not use wall clocks: drop the time".into());
        }
        Ok(())
    })
}

/// The same for requests that `check` takes.
///
/// # Errors
/// As [`clients`]; and what `check` says of a request.
pub(super) fn of_any_kind(
    texts: &[String],
    check: impl Fn(&Request) -> Result<(), String>,
) -> Result<Vec<Client>, String> {
    let mut clients: BTreeMap<(MasterId, &str), Vec<Request>> = BTreeMap::new();
    for (place, text) in texts.iter().enumerate() {
        let wrong = |what: String| format!("request {}, `{text}`: {what}", place + 1);
        let (name, request) = text
            .split_once(": ")
            .ok_or_else(|| wrong("it does not name its master: write `A: set k = 1`, for example".into()))?;
        let name = name.trim();
        let master = name.split('/').next().unwrap_or(name);
        let at = (0..MASTERS).map(MasterId).find(|id| id.to_string() == master).ok_or_else(|| {
            wrong(format!("there is no master `{master}`: masters are A to {}", MasterId(MASTERS - 1)))
        })?;
        let request: Request = request.parse().map_err(|error| wrong(format!("{error}")))?;
        check(&request).map_err(wrong)?;
        clients.entry((at, name)).or_default().push(request);
    }
    if clients.is_empty() {
        return Err("no requests are given: `.requests([\"A: set k = 1\", \"B: set k = 2\"])`, for example".into());
    }
    if let Some(((at, _), _)) = clients.iter().find(|(_, asks)| asks.len() > 255) {
        return Err(format!("a client of {at} is given more than 255 requests"));
    }
    told_apart(&clients)?;
    let masters = masters_of(clients.keys().map(|(at, _)| *at));
    for asks in clients.values() {
        for Request { op, .. } in asks {
            if let Op::Transfer { to, .. } = op.untimed()
                && to.0 >= masters
            {
                let last = MasterId(masters - 1);
                return Err(format!("there is no master `{to}` to transfer to: the masters asked are A to {last}"));
            }
        }
    }
    Ok(clients.into_iter().map(|((at, _), asks)| Client { at, requests: asks }).collect())
}

/// Checks that no two clients of one master make the same request: a trace could not tell them apart.
fn told_apart(clients: &BTreeMap<(MasterId, &str), Vec<Request>>) -> Result<(), String> {
    let mut asked_by = BTreeMap::new();
    for ((at, client), asks) in clients {
        for ask in asks {
            if *asked_by.entry((at, ask)).or_insert(client) != client {
                let what = "a trace could not tell them apart; vary the value";
                return Err(format!("two clients make the request `{ask}` at {at}: {what}"));
            }
        }
    }
    Ok(())
}

/// The number of masters of a cluster with clients at these masters: two or more.
pub(super) fn masters_of(asked: impl Iterator<Item = MasterId>) -> u16 {
    asked.map(|at| at.0 + 1).max().unwrap_or(0).max(2)
}
