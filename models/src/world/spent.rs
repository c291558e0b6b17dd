//! Envelopes that can never again alter their receiver, which a state need not keep.

use super::{AnswerKind, InputOf, Step, Store};
use crate::node::Envelope;
use crate::scope::LinkKind;
#[allow(unused_imports, reason = "for the documentation")]
use crate::world::cluster::ClusterModel;
use multimaster::MasterId;

impl<P: Store> Step<'_, P> {
    /// Drops the envelopes to these masters that can no longer bring them anything.
    pub(super) fn drop_spent(&mut self, to: impl Fn(MasterId) -> bool) {
        // A running link also delivers duplicates.
        let drops = matches!(self.cluster.scope.link, LinkKind::Datagram { .. } | LinkKind::Soup);
        if drops && !self.world.wire.is_empty() && !self.cluster.may_forget(self.world) {
            let mut wire = std::mem::take(&mut self.world.wire);
            wire.retain(|envelope| !to(self.store.envelope(envelope).to) || !self.is_spent(envelope));
            self.world.wire = wire;
        }
    }

    /// Whether the envelope can never again alter its receiver, so that the state need not keep it.
    ///
    /// `receive` ignores a message whose changes have all been seen, and a change seen stays seen unless a master [may
    /// forget](ClusterModel::may_forget), where this is not asked. (Where debug
    /// assertions are on, as in all tests, this is checked against a real `receive`.) A tampered protocol may differ,
    /// so there the envelope is delivered on trial.
    pub(super) fn is_spent(&mut self, envelope: &P::Envelope) -> bool {
        match &self.cluster.protocol.tamper {
            Some(tamper) if tamper.forwards_duplicates || tamper.repeats_count => false,
            Some(_) => self.does_nothing(envelope),
            None => {
                let Envelope { to, message, .. } = self.store.envelope(envelope);
                let spent = !message.is_news_to(self.store.seen(&self.world.masters[to.index()]));
                debug_assert!(!spent || self.does_nothing(envelope));
                spent
            }
        }
    }

    fn does_nothing(&mut self, envelope: &P::Envelope) -> bool {
        let to = self.store.envelope(envelope).to;
        let mut receiver = self.world.masters[to.index()].clone();
        self.store.step(self.cluster, &mut receiver, InputOf::Envelope(envelope.clone())).answer
            == AnswerKind::Duplicate
    }
}
