//! A scenario of nodes that are programs: [`Nodes`].

use super::file::{File, LinkName};
use super::reader::Reader;
use crate::check::erased::Erased;
use crate::fault::{Fault, line_of};
use crate::process::{Options, ProcessNode, Workload};
use crate::scope::{Keeps, LinkKind, Scope};
use crate::system::{Failed, Faults, Service, System};
use multimaster::{Request, Topology};
use std::fmt;
use std::sync::Arc;
use toml::Spanned;

/// Nodes that are processes of a program. Their first steps have been taken.
#[derive(Clone)]
pub struct Nodes {
    /// What is explored.
    pub scope: Scope,
    /// The processes.
    pub program: Arc<ProcessNode>,
    pub(super) service: Service,
    pub(super) model: Erased,
    faults: Faults,
}

impl Nodes {
    /// The first node at fault in the states explored so far.
    pub fn failed(&self) -> Option<Failed> {
        self.faults.first()
    }
}

impl fmt::Debug for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nodes").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl Reader<'_> {
    /// The nodes that run `options.command`.
    pub(super) fn nodes(&self, file: &File, topology: Topology, options: &Options) -> Result<Nodes, Fault> {
        self.only_of_nodes(file)?;
        let Some(link) = &file.link else {
            return Err(Fault::at(self.file, 1, "`link` is missing: one of stream, datagram, soup"));
        };
        let budget = |field: &str, value: &Option<Spanned<u8>>| match value {
            Some(value) if *link.get_ref() != LinkName::Datagram => {
                Err(self.fault(value, format!("`{field}` is for `link = \"datagram\"` only")))
            }
            value => Ok(value.as_ref().map_or(0, |value| *value.get_ref())),
        };
        let (losses, duplicates) = (budget("losses", &file.losses)?, budget("duplicates", &file.duplicates)?);
        let link_kind = match link.get_ref() {
            LinkName::Stream => LinkKind::Stream { resets: 0 },
            LinkName::Datagram => LinkKind::Datagram { losses, duplicates },
            LinkName::Soup => LinkKind::Soup,
            LinkName::Running => return Err(self.fault(link, "nodes have stream, datagram or soup links")),
        };
        if let (Some(failures), LinkName::Soup) = (&file.failures, link.get_ref()) {
            return Err(self.fault(failures, "`[failures]` of nodes is for `link = \"stream\"` or `\"datagram\"`"));
        }
        let read =
            |place: &Spanned<String>, text: &str| text.parse().map_err(|error| self.fault(place, format!("{error}")));
        let scope = Scope {
            failures: self.failures(file, &topology)?,
            clients: self.clients_of(file, read)?,
            ..Scope::new(topology, link_kind)
        };
        if let Some(failures) = file.failures.as_ref().filter(|_| scope.failures.crashes > 0)
            && scope.failures.keeps != Keeps::Nothing
        {
            return Err(self.fault(failures, "a process keeps nothing when it crashes: write `keeps = \"nothing\"`"));
        }
        self.told_apart(file, &scope)?;
        let workload = self.workload(file, &scope, options)?;
        let keys = scope.keys().into_iter().collect();
        let started = ProcessNode::new(options, workload, scope.topology.clone(), keys);
        let program = Arc::new(started.map_err(|error| Fault::of(self.file, error.0))?);
        program.skills().map_err(|error| Fault::of(self.file, error.0))?;
        let system = System::new(scope.clone(), Arc::clone(&program)).map_err(|what| Fault::of(self.file, what))?;
        let faults = system.faults();
        match faults.first() {
            Some(failed) => Err(Fault::of(self.file, failed.to_string())),
            None => {
                let service = workload.service();
                Ok(Nodes { scope, program, service, model: Erased::new(system), faults })
            }
        }
    }

    /// The workload that was given, or that of the requests; each request must have a spelling in it.
    fn workload(&self, file: &File, scope: &Scope, options: &Options) -> Result<Workload, Fault> {
        let requests: Vec<&Request> = scope.clients.iter().flat_map(|client| &client.requests).collect();
        let places: Vec<&Spanned<String>> = file.clients.values().flatten().collect();
        let Some(workload) = options.workload.or_else(|| Workload::of(&requests)) else {
            let names = Workload::ALL.map(Workload::name).join(", ");
            return Err(Fault::of(
                self.file,
                format!("the requests do not tell the workload: give `--workload` {names}"),
            ));
        };
        for (place, request) in places.iter().zip(&requests) {
            if workload.body(request).is_none() {
                let (name, right) = (workload.name(), workload.requests());
                let what = format!("the workload {name} does not have `{}`: it has {right}", place.get_ref());
                return Err(self.fault(place, what));
            }
            if workload.has_one_value() && request.key != requests[0].key {
                let what = format!("a node of the workload {} has one value: name one key", workload.name());
                return Err(self.fault(place, what));
            }
        }
        Ok(workload)
    }

    /// # Errors
    /// The first field that is for the masters of the protocol.
    fn only_of_nodes(&self, file: &File) -> Result<(), Fault> {
        let misplaced = [
            ("rule", file.rule.as_ref().map(|field| field.span().start)),
            ("shards", file.shards.as_ref().map(|field| field.span().start)),
            ("delivery", file.delivery.as_ref().map(|field| field.span().start)),
            ("clocks", file.clocks.as_ref().map(|field| field.span().start)),
            ("resets", file.resets.as_ref().map(|field| field.span().start)),
            ("batch", file.batch.as_ref().map(|field| field.span().start)),
            ("log", file.log.as_ref().map(|field| field.span().start)),
            ("capacity", file.capacity.as_ref().map(|field| field.span().start)),
            ("relay", file.relay.as_ref().map(|field| field.span().start)),
            ("[free]", file.free.as_ref().map(|free| free.take.span().start)),
            ("[tombstones]", file.tombstones.as_ref().map(|field| field.span().start)),
            ("[sessions]", file.sessions.keys().next().map(|name| name.span().start)),
            ("[properties]", file.properties.keys().next().map(|name| name.span().start)),
            ("[specification]", file.specification.as_ref().map(|asked| asked.read.span().start)),
        ];
        match misplaced.into_iter().find_map(|(field, start)| Some((field, start?))) {
            Some((field, start)) => {
                let what = format!("`{field}` is for the masters of the protocol, not for a program: remove it");
                Err(Fault::at(self.file, line_of(self.text, start), what))
            }
            None => Ok(()),
        }
    }
}
