//! Checks the fields of a file and makes a scenario. Each error names its line and its fix.

use super::expected::in_file;
#[cfg(not(feature = "scripts"))]
use super::file::NO_SCRIPTS;
use super::file::{DeliveryName, File, LinkName, Name, Program, RuleFile, rule_names};
use super::{Asked, Expect, Explored, RuleName, Scenario};
use crate::check::engine::Limits;
use crate::check::liveness::Fairness;
use crate::fault::{Fault, did_you_mean, line_of};
use crate::node::delivery::Delivery;
use crate::node::exhibit::Exhibit;
use crate::process::Options;
use crate::properties as p;
#[cfg(feature = "scripts")]
use crate::rules::expression::as_row;
use crate::scope::{Client, Clocks, Free, LinkKind, Scope};
use crate::world::article::Article;
use multimaster::{Kind, Layout, MasterId, Op, Request, Topology};
use std::collections::BTreeMap;
use std::time::Duration;
use toml::Spanned;

pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    /// The rule in place of the file's.
    pub(super) rule: Option<RuleName>,
    /// The program that is explored instead of the protocol.
    pub(super) program: Option<&'a Options>,
}

impl Reader<'_> {
    pub(super) fn fault<T>(&self, place: &Spanned<T>, what: impl Into<String>) -> Fault {
        Fault::at(self.file, line_of(self.text, place.span().start), what)
    }

    pub(super) fn scenario(&self, name: &str) -> Result<Scenario, Fault> {
        let file: File = toml::from_str(self.text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(self.text, span.start));
            Fault::at(self.file, line, self.in_words(error.message(), line))
        })?;
        if file.about.get_ref().chars().any(char::is_control) {
            return Err(self.fault(&file.about, "`about` is one line of text, without control characters"));
        }
        let (topology, shape) = self.topology(&file)?;
        let subject = match (self.program, file.program) {
            (Some(options), _) => Explored::Nodes(self.nodes(&file, topology, options)?),
            (None, Program::AntiEntropy) => self.cluster(&file, topology)?,
            (None, Program::Article) => self.article(&file, topology)?,
        };
        let default = Limits::default();
        let limits = Limits {
            states: file.limits.states.unwrap_or(default.states),
            time: file.limits.seconds.map_or(default.time, Duration::from_secs),
            memory: file.limits.megabytes.map_or(default.memory, |most| Some(most.saturating_mul(1 << 20))),
            ..default
        };
        let about = file.about.get_ref().clone();
        let delivery = self.delivery(&file)?;
        let rule_line = match file.rule.as_ref().map(Spanned::get_ref) {
            #[cfg(feature = "scripts")]
            Some(RuleFile::Written(written)) => self.rule_line(written),
            _ => 0,
        };
        let asked = Asked { exhibit: self.exhibit(&file)?, ..Asked::default() };
        let (name, expect) = (name.into(), Expect::default());
        let mut scenario = Scenario { name, about, shape, subject, rule_line, delivery, asked, limits, expect };
        #[cfg(feature = "scripts")]
        {
            scenario.asked.specification = self.specification(file.specification.as_ref(), &scenario)?;
            scenario.asked.own = self.own_properties(&file.properties, &scenario)?;
            self.tried_own(&scenario)?;
        }
        #[cfg(not(feature = "scripts"))]
        self.without_scripts(&file)?;
        if let Some(expect) = &file.expect {
            scenario.expect = self.expect(expect, &scenario)?;
            let is_live = p::OF_LIVENESS.map(in_file);
            let is_live = expect.verdicts.iter().any(|(name, _)| is_live.contains(name.get_ref()));
            scenario.limits.liveness = is_live.then_some(Fairness::Weak);
        }
        Ok(scenario)
    }

    #[cfg(not(feature = "scripts"))]
    fn without_scripts(&self, file: &File) -> Result<(), Fault> {
        let property = file.properties.keys().next().map(|name| self.fault(name, NO_SCRIPTS));
        let specification = file.specification.as_ref().map(|asked| self.fault(&asked.read, NO_SCRIPTS));
        property.or(specification).map_or(Ok(()), Err)
    }

    /// The message of the toml parser for `line`, with the field's name and without Rust's type names.
    fn in_words(&self, message: &str, line: usize) -> String {
        let said = [
            ("expected u8", "expected a whole number from 0 to 255"),
            ("expected usize", "expected a whole number, 0 or more"),
            ("expected u64", "expected a whole number, 0 or more"),
            ("expected a sequence", "expected a list, in brackets"),
            ("expected a string", "expected text in quotes"),
            ("expected a boolean", "expected true or false"),
            ("wanted string or table", "expected one of the names that `multimaster list` shows, in quotes"),
        ];
        let said = said.into_iter().fold(message.to_owned(), |said, (from, to)| said.replace(from, to));
        let said = format!("{said}{}", near_of(message));
        let about_a_value =
            ["invalid ", "wanted ", "expected ", "unknown variant"].iter().any(|start| message.starts_with(start));
        let is_key = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "-_/".contains(c));
        // A list may span several lines: its field is the nearest one above.
        let lines: Vec<&str> = self.text.lines().take(line).collect();
        let field = lines.iter().rev().find_map(|line| {
            let header = line.trim().trim_matches(['[', ']']);
            let key = line.split_once('=').map_or(header, |(key, _)| key.trim());
            let key = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
            is_key(key).then_some(key)
        });
        match field {
            Some(field) if about_a_value => format!("`{field}`: {said}"),
            _ => said,
        }
    }

    pub(super) fn masters(&self, file: &File) -> Result<u16, Fault> {
        match *file.masters.get_ref() {
            masters @ 2..=16 => Ok(masters as u16),
            masters => {
                let what = format!("`masters = {masters}`: give 2 to 16");
                Err(self.fault(&file.masters, what))
            }
        }
    }

    pub(super) fn master(&self, name: &Name, masters: u16) -> Result<MasterId, Fault> {
        let found = (0..masters).map(MasterId).find(|id| id.to_string() == *name.get_ref());
        found.ok_or_else(|| self.fault(name, no_such_master(name.get_ref(), masters)))
    }

    fn clients(&self, file: &File, takes: Takes) -> Result<Vec<Client>, Fault> {
        self.clients_of(file, |place, text| self.request(place, text, takes))
    }

    /// The clients, whose requests are read by `request`.
    pub(super) fn clients_of(
        &self,
        file: &File,
        request: impl Fn(&Spanned<String>, &str) -> Result<Request, Fault>,
    ) -> Result<Vec<Client>, Fault> {
        let masters = self.masters(file)?;
        let mut clients = Vec::new();
        for (name, requests) in &file.clients {
            let no_such_master = || self.fault(name, no_such_master(name.get_ref(), masters));
            let at = master_named(name.get_ref(), masters).ok_or_else(no_such_master)?;
            if requests.len() > 255 {
                return Err(self.fault(name, format!("{} requests of one client: at most 255", requests.len())));
            }
            let requests = requests.iter().map(|place| request(place, place.get_ref())).collect::<Result<_, _>>()?;
            clients.push(Client { at, requests });
        }
        Ok(clients)
    }

    pub(super) fn request(&self, place: &Spanned<String>, text: &str, takes: Takes) -> Result<Request, Fault> {
        let Takes { kind, table, no_clocks } = takes;
        let request: Request = text.parse().map_err(|error| self.fault(place, format!("{error}")))?;
        #[cfg(feature = "scripts")]
        let request = if table { as_row(request) } else { request };
        if !kind.takes(&request.op) {
            let right = if table { "the operations on a map's field, without `in`" } else { kind.operations() };
            return Err(self.fault(place, format!("the rule does not take `{text}`: it takes {right}")));
        }
        match (request.op.time(), no_clocks) {
            (Some(time), Some(why)) => {
                let what = format!("`at {time}` has no effect here, because {why}; drop it, or");
                Err(self.fault(place, format!("{what} {}", a_rule_that_does())))
            }
            (Some(time), None) if time > LATEST_WALL_TIME => {
                Err(self.fault(place, format!("`at {time}` is too late: at most {LATEST_WALL_TIME}")))
            }
            _ => Ok(request),
        }
    }

    fn clocks(&self, file: &File, no_clocks: Option<&str>) -> Result<Clocks, Fault> {
        let Some(place) = &file.clocks else {
            return Ok(Clocks::Free);
        };
        let clocks: Clocks = place.get_ref().parse().map_err(|what: String| self.fault(place, what))?;
        if let Some(why) = no_clocks.filter(|_| !clocks.are_hybrid()) {
            let what = format!("`clocks` has no effect here, because {why}; drop it, or");
            return Err(self.fault(place, format!("{what} {}", a_rule_that_does())));
        }
        if file.shards.is_some() && clocks != Clocks::Free {
            let what = "masters of several `shards` take only `clocks = \"free\"`: shards are explored separately, so \
                        a clock cannot follow what its master has seen in the others";
            return Err(self.fault(place, what));
        }
        if let Clocks::HybridUpTo { .. } = clocks {
            let stream = file.link.as_ref().is_some_and(|link| *link.get_ref() == LinkName::Stream);
            let why = match no_clocks {
                None => {
                    "limits the Lamport times of changes, and this rule goes by other times, which masters do not refuse"
                }
                _ if stream => {
                    "is not for `link = \"stream\"`, which loses no message: a refused change is like a lost one"
                }
                _ => return Ok(clocks),
            };
            return Err(self.fault(place, format!("`clocks = \"{clocks}\"` {why}")));
        }
        Ok(clocks)
    }

    fn free(&self, file: &File, takes: Takes) -> Result<Free, Fault> {
        let Some(free) = &file.free else {
            return Ok(Free::default());
        };
        let mut of = Vec::new();
        for choice in &free.of {
            let (master, request) = choice.get_ref().split_once(": ").ok_or_else(|| {
                self.fault(choice, format!("`{}` does not name its master, as `A: set k = 1` does", choice.get_ref()))
            })?;
            let masters = self.masters(file)?;
            let at =
                master_named(master, masters).ok_or_else(|| self.fault(choice, no_such_master(master, masters)))?;
            of.push((at, self.request(choice, request, takes)?));
        }
        let take = *free.take.get_ref();
        if take > of.len() || of.len() > 32 {
            let limit = format!(
                "`take = {take}` of {} requests: `take` is at most their number, which is at most 32",
                of.len()
            );
            return Err(self.fault(&free.take, limit));
        }
        Ok(Free { take, of })
    }

    /// The way in which neighbours are brought up to date, if it is not the protocol's.
    fn exhibit(&self, file: &File) -> Result<Option<Exhibit>, Fault> {
        let Some((place, DeliveryName::Exhibit(exhibit))) =
            file.delivery.as_ref().map(|place| (place, *place.get_ref()))
        else {
            return Ok(None);
        };
        let datagrams = file.link.as_ref().is_some_and(|link| *link.get_ref() == LinkName::Datagram);
        let why = match exhibit {
            _ if !datagrams => "is for `link = \"datagram\"`",
            Exhibit::SinceATime if file.log.is_some() => "is for masters with whole logs: drop `log`",
            Exhibit::WithoutSnapshots | Exhibit::SnapshotRefused if file.log.is_none() => {
                "is about truncated logs: give `log = 1` or another number"
            }
            _ => return Ok(Some(exhibit)),
        };
        Err(self.fault(place, format!("this `delivery` {why}")))
    }

    fn delivery(&self, file: &File) -> Result<Delivery, Fault> {
        let Some((place, DeliveryName::Guarantee(delivery))) =
            file.delivery.as_ref().map(|place| (place, *place.get_ref()))
        else {
            return Ok(Delivery::Causal);
        };
        let repeats = file.duplicates.as_ref().is_some_and(|most| *most.get_ref() > 0);
        let why = match (delivery, file.link.as_ref().map(|link| *link.get_ref())) {
            _ if file.program == Program::Article => "the article's program has no `delivery`: drop it",
            (Delivery::Causal, _) | (_, Some(LinkName::Datagram)) => "",
            (Delivery::Unordered, _) => {
                "`delivery = \"unordered\"` is for `link = \"datagram\"`: a stream keeps its sender's order, and a soup \
                 holds everything for ever"
            }
            (Delivery::AtLeastOnce, _) => {
                "`delivery = \"at-least-once\"` is for `link = \"datagram\"` with `duplicates`: a stream repeats nothing, \
                 and a soup repeats without end"
            }
        };
        if !why.is_empty() {
            return Err(self.fault(place, why));
        }
        let two_paths = || *file.masters.get_ref() > 2;
        if delivery == Delivery::AtLeastOnce && !repeats && !two_paths() {
            return Err(self.fault(place, "without `duplicates`, nothing arrives twice: give `duplicates = 1` or more"));
        }
        Ok(delivery)
    }

    fn cluster(&self, file: &File, topology: Topology) -> Result<Explored, Fault> {
        for (field, place) in
            [("capacity", file.capacity.as_ref().map(Spanned::span)), ("relay", file.relay.as_ref().map(Spanned::span))]
        {
            if let Some(span) = place {
                let what = format!("`{field}` is for `program = \"article\"` only");
                return Err(Fault::at(self.file, line_of(self.text, span.start), what));
            }
        }
        let rule = match (self.rule, file.rule.as_ref().map(|place| (place, place.get_ref()))) {
            (Some(given), _) => given,
            (None, Some((_, RuleFile::Named(rule)))) => *rule,
            #[cfg(feature = "scripts")]
            (None, Some((place, RuleFile::Written(written)))) => RuleName::Expression(self.expression(place, written)?),
            (None, None) => {
                let names: Vec<&str> = rule_names().collect();
                let what = format!("`rule` is missing: a table of `over` and `keep`, or one of {}", names.join(", "));
                return Err(Fault::at(self.file, 1, what));
            }
        };
        let Some(link) = &file.link else {
            return Err(Fault::at(self.file, 1, "`link` is missing: one of stream, datagram, soup, running"));
        };
        if let (LinkName::Stream, Some(log)) = (*link.get_ref(), &file.log) {
            let what = "`log` is not for `link = \"stream\"`: a stream reads the changes in flight from the log, so \
                        truncating the log would remove them; give `link = \"datagram\"`, `\"soup\"` or `\"running\"`";
            return Err(self.fault(log, what));
        }
        #[cfg(feature = "scripts")]
        if let (RuleName::Expression(expression), Some(log)) = (rule, &file.log)
            && expression.lacks_merge()
        {
            let what = "`log` makes masters send snapshots, and the rule has no `merge` to join one with the receiver's \
                        state: write `merge`, or leave `log` out";
            return Err(self.fault(log, what));
        }
        let budget = |field: &str, value: &Option<Spanned<u8>>, right: &[LinkName]| match value {
            Some(value) if !right.contains(link.get_ref()) => {
                let kinds = if right == [LinkName::Stream] { "\"stream\"`" } else { "\"datagram\"` or `\"running\"`" };
                Err(self.fault(value, format!("`{field}` is for `link = {kinds} only")))
            }
            value => Ok(value.as_ref().map_or(0, |value| *value.get_ref())),
        };
        let resets = budget("resets", &file.resets, &[LinkName::Stream])?;
        let losses = budget("losses", &file.losses, &[LinkName::Datagram, LinkName::Running])?;
        let duplicates = budget("duplicates", &file.duplicates, &[LinkName::Datagram, LinkName::Running])?;
        let batch = file.batch.as_ref().map_or(1, |batch| *batch.get_ref());
        if let (0, Some(place)) = (batch, &file.batch) {
            return Err(self.fault(place, "a message carries at least one change: `batch = 1` or more"));
        }
        if topology.edges().count() > 32 {
            return Err(self.fault(&file.masters, "there are more than 32 edges: at most 32 can be explored"));
        }
        let hybrid = file.clocks.as_ref().is_some_and(|clocks| clocks.get_ref().starts_with("hybrid"));
        let no_clocks = no_clocks(rule);
        let takes = Takes { kind: rule.kind(), table: rule.is_table(), no_clocks: no_clocks.filter(|_| !hybrid) };
        let scope = Scope {
            failures: self.failures(file, &topology)?,
            sessions: self.sessions(file, *link.get_ref(), takes)?,
            collected: self.collected(file, *link.get_ref())?,
            link: match link.get_ref() {
                LinkName::Stream => LinkKind::Stream { resets },
                LinkName::Datagram => LinkKind::Datagram { losses, duplicates },
                LinkName::Soup => LinkKind::Soup,
                LinkName::Running => LinkKind::Running { losses, duplicates },
            },
            batch,
            log: file.log.as_ref().map(|log| *log.get_ref()),
            clients: self.clients(file, takes)?,
            free: self.free(file, takes)?,
            clocks: self.clocks(file, no_clocks)?,
            topology,
        };
        if let (Clocks::SkewedBy(_), Some(place)) = (scope.clocks, &file.clocks)
            && !scope.gives_times()
        {
            let what = "no clock is ever behind here: a clock is behind only if a request gives an early time, as in \
                        `at 1, set k = v` (without `at`, the time of a write is its Lamport time); give times, or \
                        `clocks = \"right\"`";
            return Err(self.fault(place, what));
        }
        if let (Clocks::HybridUpTo { then: Some(then), .. }, Some(place)) = (scope.clocks, &file.clocks)
            && then < scope.latest_time()
        {
            let what = format!("a write can have the time {}: give `then {0}` or more", scope.latest_time());
            return Err(self.fault(place, what));
        }
        self.told_apart(file, &scope)?;
        #[cfg(feature = "scripts")]
        if let (RuleName::Expression(expression), Some(RuleFile::Written(written))) =
            (rule, file.rule.as_ref().map(Spanned::get_ref))
        {
            self.tried(expression, written, &scope)?;
        }
        match &file.shards {
            None => Ok(Explored::Cluster(rule, scope)),
            Some(shards) => Ok(Explored::Sharded(rule, scope.clone(), self.layout(file, shards, &scope)?)),
        }
    }

    /// The layout with this number of shards, if there is a key for each shard.
    fn layout(&self, file: &File, shards: &Spanned<u16>, scope: &Scope) -> Result<Layout, Fault> {
        if let Some(free) = &file.free {
            return Err(
                self.fault(&free.take, "`free` is not for masters of several `shards`: give each client a script")
            );
        }
        let layout = Layout::of(*shards.get_ref()).map_err(|error| self.fault(shards, error.to_string()))?;
        let masters = usize::from(scope.topology.masters());
        if layout.shards() * (masters + usize::from(scope.failures.crashes)) > usize::from(u16::MAX) {
            let what = format!("{masters} masters of {} shards: at most 65535 can be told apart", layout.shards());
            return Err(self.fault(shards, what));
        }
        let requests = scope.clients.iter().flat_map(|client| &client.requests);
        let keys: BTreeMap<&str, usize> =
            requests.map(|request| (&*request.key, layout.shard_of(&request.key))).collect();
        if let Some(empty) = (0..layout.shards()).find(|shard| !keys.values().any(|of| of == shard)) {
            let held: Vec<String> = keys.iter().map(|(key, shard)| format!("`{key}` in {shard}")).collect();
            let what = format!("no key lies in shard {empty}: {}; rename one", held.join(", "));
            return Err(self.fault(shards, what));
        }
        Ok(layout)
    }

    /// Checks that transfers go to masters that exist, and that no two equal requests are possible at one master at the
    /// same time: a trace could not tell them apart.
    pub(super) fn told_apart(&self, file: &File, scope: &Scope) -> Result<(), Fault> {
        let scripts = file.clients.values().zip(&scope.clients).enumerate().flat_map(|(client, (places, script))| {
            places.iter().zip(&script.requests).map(move |(place, request)| (place, script.at, request, client))
        });
        let free = file.free.iter().flat_map(|free| &free.of).zip(&scope.free.of).enumerate();
        let free = free.map(|(index, (place, (at, request)))| (place, *at, request, scope.clients.len() + index));
        let mut asked_by = BTreeMap::new();
        for (place, at, request, client) in scripts.chain(free) {
            if let Op::Transfer { to, .. } = *request.op.untimed()
                && to.0 >= scope.topology.masters()
            {
                return Err(self.fault(place, no_such_master(&to.to_string(), scope.topology.masters())));
            }
            if *asked_by.entry((at, request)).or_insert(client) != client {
                let what = format!("more than one client or free request makes `{request}` at {at}");
                return Err(self.fault(place, format!("{what}: a trace could not tell them apart; vary the value")));
            }
        }
        Ok(())
    }

    fn article(&self, file: &File, topology: Topology) -> Result<Explored, Fault> {
        let place = |field: Option<usize>| field.map_or(1, |start| line_of(self.text, start));
        let misplaced = [
            ("rule", file.rule.as_ref().map(|f| f.span().start)),
            ("shards", file.shards.as_ref().map(|f| f.span().start)),
            ("link", file.link.as_ref().map(|f| f.span().start)),
            ("resets", file.resets.as_ref().map(|f| f.span().start)),
            ("losses", file.losses.as_ref().map(|f| f.span().start)),
            ("duplicates", file.duplicates.as_ref().map(|f| f.span().start)),
            ("batch", file.batch.as_ref().map(|f| f.span().start)),
            ("clocks", file.clocks.as_ref().map(|f| f.span().start)),
            ("log", file.log.as_ref().map(|f| f.span().start)),
            ("free", file.free.as_ref().map(|f| f.take.span().start)),
            ("failures", file.failures.as_ref().map(|f| f.span().start)),
            ("tombstones", file.tombstones.as_ref().map(|f| f.span().start)),
            ("sessions", file.sessions.keys().next().map(|name| name.span().start)),
            ("one-way", file.one_way.as_ref().map(|f| f.span().start)),
        ];
        if let Some((field, start)) = misplaced.into_iter().find(|(_, start)| start.is_some()) {
            let what = format!("the article's program has no `{field}`: it has `capacity`, `relay` and `clients`");
            return Err(Fault::at(self.file, place(start), what));
        }
        let capacity = file.capacity.as_ref().map_or(100, |capacity| *capacity.get_ref());
        let relay = file.relay.as_ref().is_some_and(|relay| *relay.get_ref());
        let no_clocks = Some("the article's program uses no wall clocks");
        let clients = self.clients(file, Takes { kind: Kind::Register, table: false, no_clocks })?;
        for request in file.clients.values().flatten() {
            if request.get_ref().trim_start().starts_with("delete") {
                let what = format!("the article's masters take only `set`, not `{}`", request.get_ref());
                return Err(self.fault(request, what));
            }
        }
        if self.rule.is_some() {
            return Err(Fault::at(self.file, 1, "the article's program has no rule that another could replace"));
        }
        let article = Article::new(topology, capacity, relay, clients);
        let start = file.capacity.as_ref().map(|field| field.span().start);
        article.map(Explored::Article).map_err(|error| Fault::at(self.file, place(start), error))
    }
}

/// The suggestion of a similar name, for a message of the form: unknown field `a`, expected one of `b`, `c`.
fn near_of(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    match quoted.next() {
        Some(given) if message.starts_with("unknown ") => did_you_mean(given, quoted),
        _ => String::new(),
    }
}

/// The latest time that a request may give, so that clocks have room to advance.
const LATEST_WALL_TIME: u64 = 1 << 62;

/// The operations that clients may request.
#[derive(Clone, Copy)]
pub(super) struct Takes {
    kind: Kind,
    /// Whether a key is a row of one table.
    table: bool,
    /// Why wall clocks have no effect; `None` if they have one.
    no_clocks: Option<&'static str>,
}

/// Why wall clocks have no effect under this rule; `None` if they have one.
fn no_clocks(rule: RuleName) -> Option<&'static str> {
    let why = match rule {
        #[cfg(feature = "scripts")]
        RuleName::Expression(_) => "this expression reads no `.wall`",
        _ => "this rule uses no wall clocks",
    };
    (!rule.uses_wall_clock()).then_some(why)
}

/// `A`, or `A/2` for a second client of A.
fn master_named(name: &str, masters: u16) -> Option<MasterId> {
    let master = name.split('/').next().unwrap_or(name);
    (0..masters).map(MasterId).find(|id| id.to_string() == master)
}

fn no_such_master(name: &str, masters: u16) -> String {
    let last = MasterId(masters.saturating_sub(1));
    format!("there is no master `{name}`: the {masters} masters are A to {last}")
}

fn a_rule_that_does() -> String {
    format!("take a rule that uses them: {}, or an expression that reads `.wall`", RuleName::those_that_go_by_clocks())
}
