//! The parts of a key that writes act on: a register, a counter, a flag, an element of a set, each perhaps in a field
//! of a map. A part has few kinds of effects, and one small table says which supersedes which.

use super::Write;
use multimaster::{Op, Reading, Refusal, Text};
use std::collections::BTreeMap;

/// One part of a key, such as the register in field `f`, or the element `x` of its set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    /// The field, if the key holds a map.
    field: Option<Text>,
    class: Class,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Register,
    Counter,
    Element(Text),
    Flag,
    Maximum,
    Minimum,
}

/// The effect of a write on one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartEffect<'a> {
    /// The register gets this value.
    Put(&'a Text),
    /// The element is inserted, or the flag switched on.
    Enter,
    /// The part is emptied: no value, no element, off, nothing counted.
    Clear,
    /// The counter grows by this amount.
    Add(i64),
    /// Rights of a counter move to another master; the total stays.
    Transfer,
    /// The maximum becomes at least this.
    Raise(i64),
    /// The minimum becomes at most this.
    Lower(i64),
}

impl PartEffect<'_> {
    /// Whether this effect hides the `earlier` one, which happened before it.
    pub(crate) fn supersedes(self, earlier: PartEffect<'_>) -> bool {
        match (self, earlier) {
            (
                PartEffect::Put(_) | PartEffect::Enter | PartEffect::Clear,
                PartEffect::Put(_) | PartEffect::Enter | PartEffect::Clear,
            ) => true,
            (
                PartEffect::Clear,
                PartEffect::Add(_) | PartEffect::Transfer | PartEffect::Raise(_) | PartEffect::Lower(_),
            ) => true,
            (PartEffect::Raise(new), PartEffect::Raise(old)) => new >= old,
            (PartEffect::Lower(new), PartEffect::Lower(old)) => new <= old,
            _ => false,
        }
    }

    /// Whether a reader cannot be shown both effects if they are concurrent.
    pub(crate) fn competes(self, other: PartEffect<'_>) -> bool {
        match (self, other) {
            (PartEffect::Put(one), PartEffect::Put(other)) => one != other,
            (PartEffect::Clear, PartEffect::Clear) => false,
            (PartEffect::Clear, _) | (_, PartEffect::Clear) => true,
            _ => false,
        }
    }
}

/// The target of an operation: a part, or all parts that a removal concerns.
enum Target<'a> {
    One(Part, PartEffect<'a>),
    /// `remove x`: the element `x`, or all parts of the field `x`.
    Named(&'a Text),
    /// `delete`: the register or the counter that the key holds.
    Whole,
}

/// Refuses an operation that a newer library has and this harness cannot judge.
pub(crate) fn known(op: &Op) -> Result<(), Refusal> {
    let unknown = || Refusal::Because(format!("this version of the harness does not know the operation {op:?}").into());
    target(op, None).map(drop).ok_or_else(unknown)
}

/// `None` for an operation that is not [known].
fn target<'a>(op: &'a Op, field: Option<&Text>) -> Option<Target<'a>> {
    let one = |class, effect| Target::One(Part { field: field.cloned(), class }, effect);
    let target = match op {
        Op::Set(value) => one(Class::Register, PartEffect::Put(value)),
        Op::Delete if field.is_some() => one(Class::Register, PartEffect::Clear),
        Op::Delete => Target::Whole,
        Op::Add(amount) => one(Class::Counter, PartEffect::Add(*amount)),
        Op::Transfer { .. } => one(Class::Counter, PartEffect::Transfer),
        Op::Insert(element) => one(Class::Element(element.clone()), PartEffect::Enter),
        Op::Remove(element) if field.is_some() => one(Class::Element(element.clone()), PartEffect::Clear),
        Op::Remove(name) => Target::Named(name),
        Op::Enable => one(Class::Flag, PartEffect::Enter),
        Op::Disable => one(Class::Flag, PartEffect::Clear),
        Op::Raise(number) => one(Class::Maximum, PartEffect::Raise(*number)),
        Op::Lower(number) => one(Class::Minimum, PartEffect::Lower(*number)),
        Op::In { field, op } => return target(op, Some(field)),
        Op::At(_, op) => return target(op, field),
        _ => return None,
    };
    Some(target)
}

/// The writes of one key by part, in dot order. A removal is listed under each part that another write acts on.
pub(crate) fn by_part<'a>(writes: &[&'a Write]) -> BTreeMap<Part, Vec<(&'a Write, PartEffect<'a>)>> {
    let mut parts: BTreeMap<Part, Vec<(&Write, PartEffect<'_>)>> = BTreeMap::new();
    for write in writes {
        if let Some(Target::One(part, effect)) = target(&write.op, None) {
            parts.entry(part).or_default().push((write, effect));
        }
    }
    for write in writes {
        let concerns = |part: &Part| match target(&write.op, None) {
            None | Some(Target::One(..)) => false,
            Some(Target::Named(name)) => match &part.field {
                Some(field) => field == name,
                None => part.class == Class::Element(name.clone()),
            },
            Some(Target::Whole) => part.field.is_none() && matches!(part.class, Class::Register | Class::Counter),
        };
        for (_, effects) in parts.iter_mut().filter(|(part, _)| concerns(part)) {
            effects.push((write, PartEffect::Clear));
        }
    }
    parts.values_mut().for_each(|effects| effects.sort_by_key(|(write, _)| write.dot));
    parts
}

/// The reading of one part of a key.
pub(crate) struct Shown<'a> {
    class: &'a Class,
    readings: Vec<&'a Reading>,
}

impl Part {
    /// This part of the key's `reading`.
    pub(crate) fn shown<'a>(&'a self, reading: &'a Reading) -> Shown<'a> {
        let readings = match (&self.field, reading) {
            (None, reading) => vec![reading],
            (Some(field), Reading::Fields(fields)) => {
                fields.iter().filter(|(name, _)| name == field).map(|(_, reading)| reading).collect()
            }
            (Some(_), _) => Vec::new(),
        };
        Shown { class: &self.class, readings }
    }

    pub(crate) fn is_counter(&self) -> bool {
        self.class == Class::Counter
    }
}

impl<'a> Shown<'a> {
    /// The values of a register.
    pub(crate) fn values(&self) -> impl Iterator<Item = &'a Text> {
        self.readings.iter().flat_map(|reading| match reading {
            Reading::Value(value) => std::slice::from_ref(value),
            Reading::Values(values) => values.as_slice(),
            _ => &[],
        })
    }

    /// The total of a counter; 0 if there is none.
    pub(crate) fn total(&self) -> i64 {
        let mut totals = self.readings.iter().filter_map(|reading| match reading {
            Reading::Total(total) => Some(*total),
            _ => None,
        });
        totals.next_back().unwrap_or(0)
    }

    fn number(&self) -> Option<i64> {
        self.values().next().and_then(|value| value.parse().ok())
    }

    fn is_in(&self) -> bool {
        self.readings.iter().any(|reading| match (reading, self.class) {
            (Reading::Elements(elements), Class::Element(element)) => elements.contains(element),
            (Reading::Flag(on), Class::Flag) => *on,
            _ => false,
        })
    }

    /// Whether the reading shows the content of this effect, whichever write put it there.
    pub(crate) fn shows(&self, effect: PartEffect<'_>) -> bool {
        match effect {
            PartEffect::Put(value) => self.values().any(|read| read == value),
            PartEffect::Enter => self.is_in(),
            PartEffect::Clear => match self.class {
                Class::Register | Class::Maximum | Class::Minimum => self.values().next().is_none(),
                Class::Counter => self.total() == 0,
                Class::Element(_) | Class::Flag => !self.is_in(),
            },
            PartEffect::Raise(least) => self.number().is_some_and(|number| number >= least),
            PartEffect::Lower(most) => self.number().is_some_and(|number| number <= most),
            // A total does not show the share of a single write.
            PartEffect::Add(_) | PartEffect::Transfer => false,
        }
    }
}

/// Whether `later` hides `earlier`, which happened before it. Both are operations on one key.
#[cfg(test)]
fn supersedes(later: &Op, earlier: &Op) -> bool {
    use multimaster::{Dot, MasterId, Timestamp};
    let write = |seq: u64, op: &Op| Write {
        dot: Dot::new(MasterId(0), seq),
        timestamp: Timestamp::new(seq, MasterId(0)),
        key: "k".into(),
        op: op.clone(),
        wall: None,
        past: Default::default(),
    };
    let (first, second) = (write(1, earlier), write(2, later));
    by_part(&[&first, &second]).values().any(|effects| match effects.as_slice() {
        [(_, earlier), (_, later)] => later.supersedes(*earlier),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use multimaster::Request;

    const OPS: [&str; 20] = [
        "set k = 1",
        "set k = 2",
        "delete k",
        "add 1 to k",
        "insert x into k",
        "insert y into k",
        "remove x from k",
        "enable k",
        "disable k",
        "raise k to 1",
        "raise k to 2",
        "lower k to 1",
        "lower k to 2",
        "transfer 1 of k to B",
        "in k, set x = 1",
        "in k, delete x",
        "in k, add 1 to x",
        "in k, insert e into x",
        "in k, remove e from x",
        "in k, set y = 1",
    ];

    /// By later operation, in the order of `OPS`: an `x` for each earlier one that it supersedes. Some pairs never
    /// occur, because no kind of data takes both; their cells follow from the effects.
    const TABLE: [&str; 20] = [
        "xxx.................", // set k = 1
        "xxx.................", // set k = 2
        "xx.x.........x......", // delete k: another delete leaves nothing that a delete could remove
        "....................", // add 1 to k
        "....x.x.............", // insert x into k
        ".....x..............", // insert y into k
        "....x.........xxxxx.", // remove x from k: the element, or all that the field holds
        ".......xx...........", // enable k
        ".......xx...........", // disable k
        ".........x..........", // raise k to 1
        ".........xx.........", // raise k to 2
        "...........xx.......", // lower k to 1
        "............x.......", // lower k to 2
        "....................", // transfer 1 of k to B
        "......x.......xx....", // in k, set x = 1
        "......x.......xx....", // in k, delete x
        "....................", // in k, add 1 to x
        "......x..........xx.", // in k, insert e into x
        "......x..........xx.", // in k, remove e from x
        "...................x", // in k, set y = 1
    ];

    #[test]
    fn every_pair_of_operations_is_in_the_table() {
        let op = |text: &str| text.parse::<Request>().unwrap().op;
        assert!(OPS.iter().all(|text| known(&op(text)).is_ok()));
        for (later, row) in OPS.iter().zip(TABLE) {
            let found: String =
                OPS.iter().map(|earlier| if supersedes(&op(later), &op(earlier)) { 'x' } else { '.' }).collect();
            assert_eq!(found, row, "{later}");
            let timed = op(later).at(7);
            assert!(OPS.iter().all(|earlier| supersedes(&timed, &op(earlier)) == supersedes(&op(later), &op(earlier))));
        }
    }
}
