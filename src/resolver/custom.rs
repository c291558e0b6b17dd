use super::*;

/// The result of a pairwise function on two concurrent versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The first version.
    First,
    /// The second version.
    Second,
    /// A new value, made from both versions.
    Both(Text),
    /// Neither: the two cancel out. The result is a delete, which shows neither.
    Neither,
}

/// Your own pairwise function, made safe: concurrent versions are kept as siblings, and a read folds the function over
/// them in timestamp order, the earliest first (between equal times, the lower master id first).
///
/// The result is a function of the *set* of siblings, so masters that have seen the same writes read the same, whatever
/// the function: it need be neither commutative nor associative. Compare [`CustomMerged`], which is not safe.
///
/// ```
/// # use multimaster::{Custom, Keep, Version};
/// let longest = Custom(|a: &Version, b: &Version| {
///     if b.value.as_ref().map(|v| v.len()) > a.value.as_ref().map(|v| v.len()) { Keep::Second } else { Keep::First }
/// });
/// ```
#[derive(Clone, Copy)]
pub struct Custom<F>(pub F);

impl<F> fmt::Debug for Custom<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Custom")
    }
}

/// The result of the fold: the value, and the writes that it shows.
struct Resolved {
    version: Version,
    shown: Vec<Dot>,
}

impl<F: Fn(&Version, &Version) -> Keep> Custom<F> {
    fn resolve(&self, siblings: &Siblings) -> Option<Resolved> {
        let each = siblings.0.iter().map(|v| Resolved { version: v.clone(), shown: vec![v.dot] });
        each.reduce(|mut first, mut second| match (self.0)(&first.version, &second.version) {
            Keep::First => first,
            Keep::Second => second,
            Keep::Both(value) => {
                second.shown.append(&mut first.shown);
                second.version.value = Some(value);
                second
            }
            Keep::Neither => Resolved { version: Version { value: None, ..second.version }, shown: Vec::new() },
        })
    }
}

impl<F> Resolver for Custom<F>
where
    F: Fn(&Version, &Version) -> Keep + Clone + Send + Sync + 'static,
{
    type State = Siblings;
    type Effect = Replace;

    fn prepare(&self, state: &Siblings, op: Op, _: Dot, _: Timestamp) -> Result<Replace, Refusal> {
        state.prepare(op)
    }

    fn apply(&self, state: &mut Siblings, change: &Change<Replace>) -> bool {
        state.apply(change)
    }

    fn why_kept(&self, _: &Siblings, _: &Change<Replace>) -> &'static str {
        NOTHING_TO_REMOVE
    }

    fn read(&self, state: &Siblings) -> Reading {
        reading_of(self.resolve(state).and_then(|resolved| resolved.version.value).as_ref())
    }

    fn merge(&self, ours: Side<'_, Siblings>, theirs: Side<'_, Siblings>) -> Option<Siblings> {
        Siblings::merge(ours, theirs)
    }

    fn shows(&self, state: &Siblings, dot: Dot) -> bool {
        self.resolve(state).is_some_and(|resolved| resolved.shown.contains(&dot))
    }
}
