//! A cache of answers, by content: [`Judged`]. A property is evaluated once for all states with the same readings.

use super::OwnProperties;
use super::asked::Answer;
use super::readings::Keys;
use foldhash::fast;
use multimaster::{Key, Reading};
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The user's own properties in a cluster, and a cache of their answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Own {
    pub(crate) properties: Arc<OwnProperties>,
    /// By key, its plausible readings.
    pub(crate) plausible: Arc<BTreeMap<Key, BTreeSet<Reading>>>,
    judged: Arc<Mutex<Judged>>,
}

/// A cache key: a property's number, and the numbers of all that determines its answer in a state.
pub(crate) type Place = SmallVec<[u32; 8]>;

/// The cached answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judged {
    /// The distinct readings of masters.
    keys: Vec<Arc<Keys>>,
    numbers: HashMap<Arc<Keys>, u32, fast::FixedState>,
    /// By the number of a master's core, the number of its readings.
    of_core: HashMap<u32, u32, fast::FixedState>,
    pub(crate) answers: HashMap<Place, Answer, fast::FixedState>,
    pub(crate) tested: HashMap<Place, bool, fast::FixedState>,
}

impl Own {
    pub(crate) fn new(properties: Arc<OwnProperties>, plausible: BTreeMap<Key, BTreeSet<Reading>>) -> Own {
        Own { properties, plausible: Arc::new(plausible), judged: Arc::default() }
    }

    /// The same properties for another thread, with a copy of the cache.
    pub(crate) fn fork(&self) -> Own {
        let judged = Arc::new(Mutex::new(self.judged().clone()));
        Own { properties: Arc::clone(&self.properties), plausible: Arc::clone(&self.plausible), judged }
    }

    pub(crate) fn judged(&self) -> MutexGuard<'_, Judged> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Judged {
    /// The number of the readings of the master with this core.
    pub(crate) fn number(&mut self, core: u32, read: impl FnOnce() -> Keys) -> u32 {
        let Judged { keys, numbers, of_core, .. } = self;
        *of_core.entry(core).or_insert_with(|| {
            let read = Arc::new(read());
            *numbers.entry(Arc::clone(&read)).or_insert_with(|| {
                keys.push(read);
                (keys.len() - 1) as u32
            })
        })
    }

    /// The readings with this number.
    pub(crate) fn keys(&self, number: u32) -> Arc<Keys> {
        Arc::clone(&self.keys[number as usize])
    }
}
