//! The requests of sessions in words.

use crate::scope::Call;
use crate::world::World;
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use crate::world::sessions::Guarantee;
use multimaster::MasterId;

impl ClusterModel {
    pub(super) fn call_in_words(&self, session: usize, place: usize, at: MasterId) -> String {
        let session = &self.scope.sessions[session];
        format!("{} at {at}: {}", session.name, session.calls[place])
    }

    /// The value read, or the result of the write.
    pub(super) fn call_outcome(
        &self,
        world: &World<Tables>,
        session: usize,
        place: usize,
        at: MasterId,
    ) -> Option<String> {
        match &self.scope.sessions[session].calls[place] {
            Call::Read(key) => Some(format!("reads {}", self.replica(world, at).read(key))),
            Call::Write(request) => self.client_remark(world, at, request),
        }
    }

    /// The violated guarantee of a session, in words.
    pub(super) fn broken_guarantee(&self, world: &World<Tables>, guarantee: Guarantee) -> Option<String> {
        let mut sessions = self.scope.sessions.iter().zip(world.sessions());
        let (session, _) = sessions.find(|(_, state)| state.has_broken(guarantee))?;
        let name = &session.name;
        Some(match guarantee {
            Guarantee::ReadYourWrites => format!("{name} has read at a master that had not seen all that {name} wrote"),
            Guarantee::MonotonicReads => {
                format!("{name} has read at a master that had not seen all that {name} had read before")
            }
            Guarantee::MonotonicWrites => {
                format!("{name} has written at a master that had not seen its earlier writes")
            }
            Guarantee::WritesFollowReads => {
                format!("{name} has written at a master that had not seen all that {name} had read")
            }
        })
    }
}
