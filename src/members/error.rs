//! Why a member of a cluster cannot do what it is asked: [`MemberError`].

use crate::{Lack, MasterId, TopologyError};
use std::fmt;

/// Why a member of a cluster cannot be saved, crash, restart, join, leave or be bypassed. Unless the case says otherwise,
/// nothing has changed then.
#[derive(Debug)]
#[non_exhaustive]
pub enum MemberError {
    /// The topology has no such master.
    NoSuchMaster(MasterId),
    /// The master is down.
    Down(MasterId),
    /// The master is up.
    Up(MasterId),
    /// The master is bypassed: it is gone for good.
    Bypassed(MasterId),
    /// No origin is left for this master: 65,534 have been used.
    NoFreshOrigin(MasterId),
    /// A master cannot join at this place.
    Misplaced(TopologyError),
    /// The master has a store (feature `durable`): it keeps what is [stored](crate::record::Kept::Stored), and is reopened.
    HasStore(MasterId),
    /// The master has no store.
    NoStore(MasterId),
    /// The store cannot be opened. The master is down.
    #[cfg(feature = "durable")]
    Open(crate::durable::OpenError),
    /// Neighbours of the leaving master still lack these changes. It is closed to writes, and up.
    Undrained(Vec<Lack>),
    /// The system could not start a thread for a link. The other links run.
    Thread(std::io::Error),
}

impl fmt::Display for MemberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MemberError::NoSuchMaster(id) => write!(f, "there is no master {id}"),
            MemberError::Down(id) => write!(f, "{id} is down"),
            MemberError::Up(id) => write!(f, "{id} is up"),
            MemberError::Bypassed(id) => write!(f, "{id} is gone for good: it was bypassed"),
            MemberError::NoFreshOrigin(id) => write!(f, "no fresh origin is left for {id}"),
            MemberError::Misplaced(_) => f.write_str("a master cannot join at this place"),
            MemberError::HasStore(id) => {
                write!(f, "{id} has a store: it keeps what is stored, and is reopened")
            }
            MemberError::NoStore(id) => write!(f, "{id} has no store"),
            #[cfg(feature = "durable")]
            MemberError::Open(_) => f.write_str("cannot open the store"),
            MemberError::Undrained(lacks) => {
                f.write_str("the neighbours still lack changes")?;
                lacks.iter().try_for_each(|lack| write!(f, "; {lack}"))
            }
            MemberError::Thread(_) => f.write_str("cannot start a thread for a link"),
        }
    }
}

impl std::error::Error for MemberError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            MemberError::Thread(error) => Some(error),
            MemberError::Misplaced(error) => Some(error),
            #[cfg(feature = "durable")]
            MemberError::Open(error) => Some(error),
            _ => None,
        }
    }
}
