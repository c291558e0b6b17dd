//! A change meets what a master holds: the cases in which a rule has to decide, for any rule.

use compact_str::CompactString;
use multimaster::{Change, Dot, Kind, MasterId, Op, Refusal, Resolver, Timestamp};

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);

/// How B's change stands to A's, which is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// It had seen A's, and is later.
    Newer,
    /// Neither had seen the other; it is earlier.
    Stale,
    /// Neither had seen the other; the times are equal, the masters are not.
    Tie,
    /// Neither had seen the other; it is later.
    Concurrent,
}

impl Meeting {
    /// All of them, each with its name.
    pub const ALL: [(Meeting, &'static str); 4] = [
        (Meeting::Newer, "newer"),
        (Meeting::Stale, "stale"),
        (Meeting::Tie, "tie"),
        (Meeting::Concurrent, "concurrent"),
    ];

    /// The times of A's change and of B's.
    fn times(self) -> [u64; 2] {
        match self {
            Meeting::Newer | Meeting::Concurrent => [2, 3],
            Meeting::Stale => [2, 1],
            Meeting::Tie => [2, 2],
        }
    }

    /// What A holds, and B's change.
    ///
    /// # Errors
    /// If the rule refuses one of the operations that [`operations`] makes for its kind.
    pub fn of<R: Resolver>(self, rule: &R) -> Result<(R::State, Change<R::Effect>), Refusal> {
        let ([ours, theirs], times) = (operations(rule.kind(), self), self.times());
        let change = |origin, seen: &R::State, op: &Op, time| {
            let (dot, timestamp) = (Dot::new(origin, 1), Timestamp::new(time, origin));
            Ok(Change { dot, timestamp, key: "key".into(), effect: rule.prepare(seen, op.clone(), dot, timestamp)? })
        };
        let mut held = R::State::default();
        rule.apply(&mut held, &change(A, &R::State::default(), &ours, times[0])?);
        let seen = if self == Meeting::Newer { held.clone() } else { R::State::default() };
        let change = change(B, &seen, &theirs, times[1])?;
        Ok((held, change))
    }
}

/// An operation of A's and one of B's on this kind of data: on the same register, element or field. The later write has
/// the greater number for a maximum, and the lesser for a minimum; only a newer one switches a flag on again.
pub fn operations(kind: Kind, meeting: Meeting) -> [Op; 2] {
    let [ours, theirs] = meeting.times().map(|time| time as i64);
    let value = |text: &str| Op::Set(CompactString::new(text));
    let values = [value("12 Ann, window"), value("3 Bob, aisle")];
    match kind {
        Kind::Register => values,
        Kind::Counter | Kind::GrowOnlyCounter | Kind::BoundedCounter | Kind::DeletableCounter => {
            [Op::Add(3), Op::Add(1)]
        }
        Kind::Set | Kind::GrowOnlySet => [Op::Insert("red".into()), Op::Insert("red".into())],
        Kind::Flag if meeting == Meeting::Newer => [Op::Enable, Op::Enable],
        Kind::Flag => [Op::Enable, Op::Disable],
        Kind::Maximum => [Op::Raise(ours), Op::Raise(theirs)],
        Kind::Minimum => [Op::Lower(-ours), Op::Lower(-theirs)],
        Kind::Map => values.map(|op| Op::In { field: "name".into(), op: Box::new(op) }),
        other => panic!("no operations of the kind {other:?} here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::every_rule;
    use multimaster::{LastWriteWins, MaxRegister};

    #[test]
    fn a_meeting_is_what_its_name_says() {
        let altered = |meeting: Meeting| {
            let (mut held, change) = meeting.of(&LastWriteWins).unwrap();
            LastWriteWins.apply(&mut held, &change)
        };
        assert_eq!(Meeting::ALL.map(|(meeting, _)| altered(meeting)), [true, false, true, true]);
        let (mut held, change) = Meeting::Stale.of(&MaxRegister).unwrap();
        assert!(!MaxRegister.apply(&mut held, &change));
    }

    #[test]
    fn every_rule_takes_its_operations_and_shows_a_newer_write() {
        macro_rules! check {
            ($($name:ident: $rule:expr;)*) => {$(
                for (meeting, name) in Meeting::ALL {
                    let (mut held, change) = meeting.of(&$rule).unwrap();
                    $rule.apply(&mut held, &change);
                    assert!(meeting != Meeting::Newer || $rule.shows(&held, change.dot), "{} {name}", stringify!($name));
                }
            )*};
        }
        every_rule!(check);
    }
}
