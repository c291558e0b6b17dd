//! Why a witness cannot be reached, if the requests alone explain it.

use super::ClusterModel;
use crate::properties::{CONFLICT, CROSSED, DEPENDENCY, RELAYED};
use multimaster::{MasterId, Replica, Request};
use std::collections::{BTreeMap, BTreeSet};

impl ClusterModel {
    /// Why the witness cannot be reached; `None` if the requests do not explain it.
    pub(crate) fn unreachable(&self, witness: &str) -> Option<String> {
        if ![CONFLICT, CROSSED, DEPENDENCY, RELAYED].contains(&witness) {
            return None;
        }
        let scripted =
            self.scope.clients.iter().flat_map(|client| client.requests.iter().map(|request| (client.at, request)));
        let free = self.scope.free.of.iter().filter(|_| self.scope.free.take > 0).map(|(at, request)| (*at, request));
        let requests: Vec<(MasterId, &Request)> = scripted.chain(free).collect();
        if requests.is_empty() {
            return Some("no client makes a request".into());
        }
        if let Some(refusals) = self.all_refused(&requests) {
            return Some(refusals);
        }
        if witness == CROSSED {
            return self.some_refused(&requests);
        }
        if witness != CONFLICT {
            return None;
        }
        let masters: BTreeSet<MasterId> = requests.iter().map(|(at, _)| *at).collect();
        if let (Some(only), 1) = (masters.first(), masters.len()) {
            return Some(format!("only master {only} writes: nothing can conflict"));
        }
        if self.scope.free.take == 1 && self.scope.clients.iter().all(|client| client.requests.is_empty()) {
            return Some("only one write is made (`take = 1`): nothing can conflict".into());
        }
        let mut writers: BTreeMap<&str, BTreeSet<MasterId>> = BTreeMap::new();
        for (at, request) in &requests {
            writers.entry(&request.key).or_default().insert(*at);
        }
        let alone = writers.values().all(|masters| masters.len() == 1);
        alone.then(|| "no key is written at two masters: nothing can conflict".into())
    }

    /// By request, the reason of its refusal as long as nothing has been written.
    fn refusals(&self, requests: &[(MasterId, &Request)]) -> Vec<Option<String>> {
        let start = &self.start;
        let refusal = |(at, request): &(MasterId, &Request)| {
            let hybrid = self.scope.clocks.are_hybrid();
            let op = if hybrid { request.op.untimed() } else { &request.op };
            Replica::clone(&start[at.index()]).write(&request.key, op.clone()).err().map(|why| why.to_string())
        };
        requests.iter().map(refusal).collect()
    }

    /// In words, a request that is refused as long as nothing has been written, and the reason.
    fn some_refused(&self, requests: &[(MasterId, &Request)]) -> Option<String> {
        let refusals = self.refusals(requests);
        let mut refused =
            requests.iter().zip(&refusals).filter_map(|(request, why)| why.as_ref().map(|why| (request, why)));
        let ((at, request), why) = refused.next()?;
        Some(format!(
            "the rule refuses `{request}` at {at} at the start: {why}; so there are fewer writes than requests"
        ))
    }

    /// In words, that all requests are refused, and the reason for the first. As long as nothing has been written,
    /// every master is in its initial state; so if every request is refused initially, it is refused in every state.
    fn all_refused(&self, requests: &[(MasterId, &Request)]) -> Option<String> {
        let refusals: Option<Vec<String>> = self.refusals(requests).into_iter().collect();
        let first = refusals?.into_iter().next()?;
        let (at, request) = requests.first()?;
        Some(match requests.len() {
            1 => format!("the only request, `{request}` at {at}, was refused: {first}"),
            all => format!("all {all} requests were refused, the first, `{request}` at {at}, because {first}"),
        })
    }
}
