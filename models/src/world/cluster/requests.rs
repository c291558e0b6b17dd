//! The clients' requests by number: [`Requests`].

use crate::scope::{Call, Scope};
use crate::world::RequestNumber;
use multimaster::{Dot, Layout, MasterId, Op, Request};

/// All requests of a scope by number, and the shards that they go to.
#[derive(Clone)]
pub(crate) struct Requests {
    /// The scripted requests client by client, then the free ones, then those of sessions; each with its master.
    all: Vec<(MasterId, Request)>,
    /// By client, the number of its first request; last, the number of the first free one.
    first: Vec<usize>,
    /// By session, the number of its first request.
    of_session: Vec<usize>,
    pub(crate) layout: Layout,
    /// By shard and client, the number of scripted requests.
    in_shard: Vec<Vec<u8>>,
}

impl Requests {
    pub(crate) fn new(scope: &Scope, layout: Layout) -> Requests {
        let (mut all, mut first) = (Vec::new(), vec![0]);
        let mut in_shard = vec![vec![0; scope.clients.len()]; layout.shards()];
        for (client, script) in scope.clients.iter().enumerate() {
            all.extend(script.requests.iter().map(|request| (script.at, request.clone())));
            first.push(all.len());
            script.requests.iter().for_each(|request| in_shard[layout.shard_of(&request.key)][client] += 1);
        }
        all.extend(scope.free.of.iter().cloned());
        let mut of_session = Vec::new();
        for session in &scope.sessions {
            of_session.push(all.len());
            // Reads have numbers too, so that a request's place gives its number.
            all.extend(session.calls.iter().map(|call| match call {
                Call::Write(request) => (session.at[0], request.clone()),
                Call::Read(key) => (session.at[0], Request { key: key.clone(), op: Op::Delete }),
            }));
        }
        Requests { all, first, of_session, layout, in_shard }
    }

    /// The request with this number, and the master that receives it.
    pub(crate) fn get(&self, RequestNumber(number): RequestNumber) -> &(MasterId, Request) {
        &self.all[number as usize]
    }

    /// The number of the request at `place` in a client's script.
    pub(crate) fn scripted(&self, client: usize, place: usize) -> RequestNumber {
        RequestNumber((self.first[client] + place) as u32)
    }

    /// The number of a free request.
    pub(crate) fn free(&self, index: usize) -> RequestNumber {
        self.scripted(self.first.len() - 1, index)
    }

    /// The number of a session's request. It may be made at any of the session's masters.
    pub(crate) fn of_session(&self, session: usize, place: usize) -> RequestNumber {
        RequestNumber((self.of_session[session] + place) as u32)
    }

    /// The client of a scripted request, and the dot of its write in the article's program: a master's requests are
    /// numbered in the order of clients and scripts, whenever they are made.
    pub(crate) fn name(&self, request: RequestNumber) -> (u16, Dot) {
        let place = request.0 as usize;
        let at = self.all[place].0;
        let seq = self.all[..=place].iter().filter(|(other, _)| *other == at).count() as u64;
        let client = self.first.partition_point(|first| *first <= place) - 1;
        (client as u16, Dot::new(at, seq))
    }

    /// The shard of the request's key.
    pub(crate) fn shard_of(&self, request: RequestNumber) -> u16 {
        self.layout.shard_of(&self.get(request).1.key) as u16
    }

    /// By client, the number of its scripted requests in the shard.
    pub(crate) fn in_shard(&self, shard: u16) -> &[u8] {
        &self.in_shard[usize::from(shard)]
    }
}
