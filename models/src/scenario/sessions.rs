//! The `[sessions]` table of a scenario file, checked.

use super::file::{File, LinkName, SessionFile};
use super::reader::{Reader, Takes};
use crate::fault::Fault;
use crate::scope::{Call, Session};
use std::collections::BTreeSet;
use toml::Spanned;

impl Reader<'_> {
    /// The clients that may change their master.
    pub(super) fn sessions(&self, file: &File, link: LinkName, takes: Takes) -> Result<Vec<Session>, Fault> {
        let mut sessions = Vec::new();
        for (name, session) in &file.sessions {
            let SessionFile { at, requests, token } = session;
            if !matches!(link, LinkName::Stream | LinkName::Datagram) {
                return Err(self.fault(name, "`[sessions]` is for `link = \"stream\"` or `\"datagram\"`"));
            }
            if file.shards.is_some() {
                return Err(self.fault(name, "`[sessions]` is not for masters of several `shards`"));
            }
            if name.get_ref().chars().any(|c| !c.is_alphanumeric() && !"-_".contains(c)) {
                return Err(self.fault(name, "the name of a session has letters, digits, `-` and `_`"));
            }
            let masters = self.masters(file)?;
            let at = at.get_ref().iter().map(|at| self.master(at, masters)).collect::<Result<BTreeSet<_>, _>>()?;
            if at.is_empty() {
                return Err(self.fault(&session.at, "a session uses at least one master: `at = [\"A\", \"B\"]`"));
            }
            if requests.len() > 255 {
                return Err(self.fault(name, format!("{} requests of one session: at most 255", requests.len())));
            }
            let calls = requests.iter().map(|request| self.call(request, takes)).collect::<Result<_, _>>()?;
            let token = token.unwrap_or(false);
            sessions.push(Session { name: name.get_ref().clone(), at: at.into_iter().collect(), calls, token });
        }
        Ok(sessions)
    }

    fn call(&self, place: &Spanned<String>, takes: Takes) -> Result<Call, Fault> {
        match place.get_ref().strip_prefix("read ") {
            Some(key) if !key.trim().is_empty() => Ok(Call::Read(key.trim().into())),
            _ => self.request(place, place.get_ref(), takes).map(Call::Write),
        }
    }
}
