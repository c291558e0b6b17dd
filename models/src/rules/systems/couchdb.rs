use super::*;
use std::collections::BTreeSet;

/// Apache CouchDB: every document is a tree of revisions, and replication unites the trees. A read shows the greatest
/// leaf by (not deleted, generation, revision hash), and with `conflicts=true`, as here, the other live leaves, too. No
/// clock is used.
///
/// A client edits the winning revision. A delete is a revision, too: it ends its branch. Deleting the winner exposes a
/// conflicting revision, even one that the client had seen and of a lower generation. Deleting a document that does not
/// exist or is deleted is an error (404 Not Found: src/chttpd/src/chttpd_db.erl, `db_doc_req`). A put of an equal body
/// is a revision of its own; two equal edits of one revision are the same revision. Source: apache/couchdb,
/// src/couch/src/couch_doc.erl, `to_doc_info_path`. The hash here is FNV-1a over the parent's hash and the body, where
/// CouchDB takes MD5: either order is arbitrary.
#[derive(Clone, Copy, Debug, Default)]
pub struct CouchDb;

/// A revision's id, which orders revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RevisionId {
    /// The generation: the number of edits that led to it.
    pub generation: u64,
    /// The hash of the parent's hash and the body.
    pub hash: u64,
}

/// A revision that no edit replaces. Leaves are ordered by preference: a read shows the last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Leaf {
    /// Whether the revision is live: not deleted.
    pub live: bool,
    /// The revision's id.
    pub id: RevisionId,
    /// The body; `None` for a delete.
    pub value: Option<Text>,
    /// The ids of the revisions that it replaces, without its own.
    pub ancestors: BTreeSet<RevisionId>,
    /// The writes that made it.
    pub dots: BTreeSet<Dot>,
}

/// A document: its leaves, and the ids of the revisions that they replace.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RevisionTree {
    /// The leaves; the last one is shown.
    pub leaves: BTreeSet<Leaf>,
    /// The ids of the revisions that are no leaves any more.
    pub replaced: BTreeSet<RevisionId>,
}

/// The effect of an edit: the leaf that it makes.
pub type Edit = Leaf;

impl RevisionTree {
    fn graft(&mut self, mut leaf: Leaf) {
        self.replaced.extend(&leaf.ancestors);
        if let Some(same) = self.leaves.iter().find(|held| held.id == leaf.id).cloned() {
            self.leaves.remove(&same);
            leaf.dots.extend(same.dots);
        }
        self.leaves.insert(leaf);
        self.leaves.retain(|leaf| !self.replaced.contains(&leaf.id));
    }
}

fn hash(parent: Option<RevisionId>, value: Option<&Text>) -> u64 {
    let parent = parent.map_or(0, |id| id.hash).to_le_bytes();
    let body = value.map_or(&[][..], |value| value.as_bytes());
    let bytes = parent.iter().chain([u8::from(value.is_some())].iter()).chain(body).copied().collect::<Vec<u8>>();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Resolver for CouchDb {
    type State = RevisionTree;
    type Effect = Edit;

    fn prepare(&self, state: &RevisionTree, op: Op, dot: Dot, _: Timestamp) -> Result<Edit, Refusal> {
        let value = op.into_value()?;
        let shown = state.leaves.last();
        if value.is_none() && !shown.is_some_and(|shown| shown.live) {
            return Err(Refusal::Because("there is no such document to delete (404 Not Found)".into()));
        }
        let mut ancestors = shown.map_or_else(BTreeSet::new, |shown| shown.ancestors.clone());
        ancestors.extend(shown.map(|shown| shown.id));
        let parent = shown.map(|shown| shown.id);
        let generation = parent.map_or(0, |id| id.generation).saturating_add(1);
        let id = RevisionId { generation, hash: hash(parent, value.as_ref()) };
        Ok(Leaf { live: value.is_some(), id, value, ancestors, dots: [dot].into() })
    }

    fn apply(&self, state: &mut RevisionTree, change: &Change<Edit>) -> bool {
        let before = state.clone();
        state.graft(change.effect.clone());
        *state != before
    }

    fn why_kept(&self, state: &RevisionTree, change: &Change<Edit>) -> &'static str {
        match state.replaced.contains(&change.effect.id) {
            true => "had replaced that revision",
            false => "had that revision already",
        }
    }

    fn read(&self, state: &RevisionTree) -> Reading {
        let mut live = state.leaves.iter().rev().filter_map(|leaf| leaf.value.clone()).collect::<Vec<Text>>();
        match live.len() {
            0 => Reading::Nothing,
            1 => Reading::Value(live.remove(0)),
            _ => Reading::Values(live),
        }
    }

    fn merge(&self, ours: Side<'_, RevisionTree>, theirs: Side<'_, RevisionTree>) -> Option<RevisionTree> {
        let mut merged = ours.state.clone();
        merged.replaced.extend(&theirs.state.replaced);
        theirs.state.leaves.iter().for_each(|leaf| merged.graft(leaf.clone()));
        Some(merged)
    }

    fn shows(&self, state: &RevisionTree, dot: Dot) -> bool {
        state.leaves.iter().any(|leaf| leaf.live && leaf.dots.contains(&dot))
    }
}
