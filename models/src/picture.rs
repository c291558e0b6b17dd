//! stub
use crate::subject::Subject;
pub(crate) fn sequence_diagram<M: Subject>(_m: &M, _p: Vec<(M::State, Option<M::Action>)>) -> String {
    String::new()
}
