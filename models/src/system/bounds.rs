//! The bounds of a system's exploration: [`Bounds`], which come from a [`Scope`].

use super::state::Left;
use crate::scope::{Clocks, Keeps, Level, LinkKind, Scope};
use multimaster::{Key, MasterId, Request};
use std::collections::BTreeMap;
use std::ops::Range;

/// The most nodes, requests and cuts: each has a bit in a state.
const MOST: usize = 32;

/// The bounds of an exploration, checked.
pub(super) struct Bounds {
    pub(super) scope: Scope,
    /// By number: the requests, each with the client that makes it and its name.
    pub(super) requests: Vec<Asking>,
    /// By client, the numbers of its requests.
    pub(super) scripts: Vec<Range<u32>>,
    /// The keys that are read.
    pub(super) keys: Vec<Key>,
}

/// A request of a client.
pub(super) struct Asking {
    pub(super) request: Request,
    pub(super) client: usize,
    pub(super) at: MasterId,
    /// `A1` for the first request of master A's clients.
    pub(super) name: String,
}

impl Bounds {
    /// # Errors
    /// What the scope has that systems do not, or that is too much.
    pub(super) fn new(scope: Scope) -> Result<Bounds, String> {
        supported(&scope)?;
        let (mut requests, mut scripts) = (Vec::new(), Vec::new());
        let mut made: BTreeMap<MasterId, usize> = BTreeMap::new();
        for (client, script) in scope.clients.iter().enumerate() {
            let start = requests.len() as u32;
            for request in &script.requests {
                let count = made.entry(script.at).or_default();
                *count += 1;
                let name = format!("{}{count}", script.at);
                requests.push(Asking { request: request.clone(), client, at: script.at, name });
            }
            scripts.push(start..requests.len() as u32);
        }
        if requests.len() > MOST {
            return Err(format!("{} requests: at most {MOST}", requests.len()));
        }
        let keys = scope.keys().into_iter().collect();
        Ok(Bounds { scope, requests, scripts, keys })
    }

    /// The request of this number.
    pub(super) fn asking(&self, number: u32) -> &Asking {
        &self.requests[number as usize]
    }

    /// The faults at the start.
    pub(super) fn faults(&self) -> Left {
        let (losses, duplicates) = match self.scope.link {
            LinkKind::Datagram { losses, duplicates } => (losses, duplicates),
            _ => (0, 0),
        };
        Left { losses, duplicates, cuts: self.scope.failures.cuts, crashes: self.scope.failures.crashes }
    }

    /// Whether messages of one pair of nodes arrive in the order of sending.
    pub(super) fn in_order(&self) -> bool {
        matches!(self.scope.link, LinkKind::Stream { .. })
    }

    /// Whether a message stays in flight when it arrives.
    pub(super) fn is_soup(&self) -> bool {
        self.scope.link == LinkKind::Soup
    }

    /// Whether a node can send to another, or to itself.
    pub(super) fn joins(&self, from: MasterId, to: MasterId) -> bool {
        from == to || self.scope.topology.sends_to(from).any(|next| next == to)
    }

    /// Whether these cuts keep messages from one node to the other.
    pub(super) fn is_severed(&self, severed: u32, from: MasterId, to: MasterId) -> bool {
        severed != 0
            && self
                .scope
                .failures
                .severed
                .iter()
                .enumerate()
                .any(|(place, cut)| severed & (1 << place) != 0 && cut.paths.contains(&(from, to)))
    }
}

/// # Errors
/// The first thing in the scope that a system of foreign nodes does not have.
fn supported(scope: &Scope) -> Result<(), String> {
    let failures = &scope.failures;
    let own = "this is for the masters of the protocol, not for nodes of your own";
    let wrong = |what: &str| Err(format!("{what}: {own}"));
    match scope.link {
        LinkKind::Stream { resets: 0 } | LinkKind::Datagram { .. } | LinkKind::Soup => {}
        LinkKind::Stream { .. } => return wrong("`resets`"),
        LinkKind::Running { .. } => return wrong("`link = \"running\"`"),
        LinkKind::Channel { .. } => return wrong("`program = \"article\"`"),
    }
    if scope.topology.is_one_way() {
        return wrong("`one-way`");
    }
    if scope.batch != 1 || scope.log.is_some() {
        return wrong("`batch` or `log`");
    }
    if scope.free.take > 0 {
        return wrong("`[free]`");
    }
    if scope.clocks != Clocks::Free {
        return wrong("`clocks`");
    }
    if !scope.sessions.is_empty() {
        return wrong("`[sessions]`");
    }
    if failures.crashes > 0 && !matches!(failures.keeps, Keeps::All | Keeps::Nothing) {
        return wrong(&format!("`keeps = \"{}\"`", failures.keeps));
    }
    if failures.drained || failures.repaired {
        return wrong("`drained` or `repaired`");
    }
    if failures.level != Level::Applied {
        return wrong("`acknowledge`");
    }
    let masters = scope.topology.masters();
    if usize::from(masters) > MOST || failures.severed.len() > MOST {
        return Err(format!("at most {MOST} nodes, and {MOST} cuts to choose from"));
    }
    if let Some(client) = scope.clients.iter().find(|client| client.at.0 >= masters) {
        return Err(format!("a client is connected to {}, which does not exist", client.at));
    }
    Ok(())
}
