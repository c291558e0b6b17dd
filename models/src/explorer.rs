//! stub
use crate::subject::Subject;
pub(crate) fn step_in_words<M: Subject>(m: &M, s: &M::State, a: &M::Action) -> Option<String> {
    m.step(s, a).map(|(n, _)| format!("{n:?}"))
}
