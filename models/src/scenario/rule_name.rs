//! The rules that a scenario file can name: [`RuleName`].

use crate::history::Claims;
use crate::node::any_rule::AnyRule;
use crate::properties::specification::{self as spec, Specification};
#[cfg(feature = "scripts")]
use crate::rules::expression::Expression;
use crate::rules::lower_seat;
use crate::rules::systems::{self, System};
use crate::scenario::given::Given;
use multimaster::{
    ArrivalWins, BoundedCounter, Counter, Custom, CustomMerged, DisableWinsFlag, EnableWinsFlag, GrowOnlyCounter,
    GrowOnlySet, Kind, LastWriteMap, LastWriteMapWall, LastWriteWall, LastWriteWins, MasterId, MaxRegister,
    MinRegister, MultiValue, ObservedRemoveMap, ObservedRemoveSet, RemoveWinsSet, Resolver,
};

/// The rules that a scenario file can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleName {
    /// [`ArrivalWins`]
    Arrival,
    /// [`LastWriteWins`]
    LastWrite,
    /// [`Custom`], which keeps the lower seat number.
    Custom,
    /// [`CustomMerged`], which keeps the lower seat number.
    CustomMerged,
    /// [`MultiValue`]
    MultiValue,
    /// [`Counter`]
    Counter,
    /// [`ObservedRemoveSet`]
    Set,
    /// [`RemoveWinsSet`]
    RemoveWinsSet,
    /// [`GrowOnlySet`]
    GrowOnlySet,
    /// [`GrowOnlyCounter`]
    GrowOnlyCounter,
    /// [`BoundedCounter`]
    BoundedCounter,
    /// [`EnableWinsFlag`]
    EnableWinsFlag,
    /// [`DisableWinsFlag`]
    DisableWinsFlag,
    /// [`MaxRegister`]
    MaxRegister,
    /// [`MinRegister`]
    MinRegister,
    /// [`LastWriteMap`]
    LastWriteMap,
    /// [`LastWriteWall`]
    LastWriteWall,
    /// [`LastWriteMapWall`]
    LastWriteMapWall,
    /// [`ObservedRemoveMap`]
    ObservedRemoveMap,
    /// The rule of a real system.
    System(&'static System),
    /// A rule written in the scenario file.
    #[cfg(feature = "scripts")]
    Expression(&'static Expression),
    /// A rule passed by a caller of the library.
    Given(&'static Given),
}

impl RuleName {
    /// The named rules but those of [`systems`], each with its name in scenario files and its description.
    pub const ALL: &'static [(RuleName, &'static str, &'static str)] = &[
        (RuleName::Arrival, "arrival", "the write that arrived last is kept: the article's rule"),
        (RuleName::LastWrite, "last-write", "the write with the latest Lamport timestamp is kept"),
        (
            RuleName::LastWriteWall,
            "last-write-wall",
            "the write with the latest wall-clock time is kept; between equal times, the later timestamp decides",
        ),
        (RuleName::Custom, "custom", "the booking with the lower seat is kept, decided over all siblings"),
        (RuleName::CustomMerged, "custom-merged", "the booking with the lower seat is kept, pair by pair: not safe"),
        (RuleName::MultiValue, "multi-value", "all concurrent values are kept, for the reader"),
        (RuleName::Counter, "counter", "a PN-counter: all increments and decrements count"),
        (RuleName::Set, "set", "an observed-remove set: an insert survives a concurrent remove"),
        (RuleName::RemoveWinsSet, "remove-wins-set", "a set: a remove wins over a concurrent insert"),
        (RuleName::GrowOnlySet, "grow-only-set", "a set without removes"),
        (RuleName::GrowOnlyCounter, "grow-only-counter", "a counter without decrements"),
        (RuleName::BoundedCounter, "bounded-counter", "a counter of at least 0: each master has rights to decrement"),
        (RuleName::EnableWinsFlag, "enable-wins-flag", "a flag: an enabling survives a concurrent disabling"),
        (RuleName::DisableWinsFlag, "disable-wins-flag", "a flag: a disabling survives a concurrent enabling"),
        (RuleName::MaxRegister, "max-register", "the greatest number is kept"),
        (RuleName::MinRegister, "min-register", "the least number is kept"),
        (RuleName::LastWriteMap, "last-write-map", "a map: each field is a `last-write` register"),
        (RuleName::LastWriteMapWall, "last-write-map-wall", "a map: each field is a `last-write-wall` register"),
        (RuleName::ObservedRemoveMap, "observed-remove-map", "a map of registers, counters and sets"),
    ];

    /// The rule's name in scenario files.
    pub fn name(self) -> &'static str {
        match self {
            RuleName::System(system) => return system.name,
            #[cfg(feature = "scripts")]
            RuleName::Expression(_) => return "(expression)",
            RuleName::Given(given) => return given.name,
            _ => {}
        }
        Self::ALL.iter().find(|(rule, ..)| *rule == self).map_or("", |(_, name, _)| name)
    }

    /// The rule of this name in scenario files.
    pub fn named(name: &str) -> Option<RuleName> {
        let own = Self::ALL.iter().find(|(_, own, _)| *own == name).map(|(rule, ..)| *rule);
        own.or_else(|| System::named(name).map(RuleName::System))
    }

    /// All named rules.
    pub(crate) fn every() -> impl Iterator<Item = RuleName> {
        Self::ALL.iter().map(|(rule, ..)| *rule).chain(systems::ALL.iter().map(RuleName::System))
    }

    /// The names of the rules that [use wall clocks](RuleName::uses_wall_clock), in a sentence.
    pub fn those_that_go_by_clocks() -> String {
        Self::every().filter(|rule| rule.uses_wall_clock()).map(RuleName::name).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            RuleName::System(system) => system.kind(),
            RuleName::Given(given) => given.kind(),
            #[cfg(feature = "scripts")]
            RuleName::Expression(expression) => expression.kind(),
            RuleName::Counter => Counter.kind(),
            RuleName::Set => ObservedRemoveSet.kind(),
            RuleName::RemoveWinsSet => RemoveWinsSet.kind(),
            RuleName::GrowOnlySet => GrowOnlySet.kind(),
            RuleName::GrowOnlyCounter => GrowOnlyCounter.kind(),
            RuleName::BoundedCounter => BoundedCounter.kind(),
            RuleName::EnableWinsFlag | RuleName::DisableWinsFlag => Kind::Flag,
            RuleName::MaxRegister => MaxRegister.kind(),
            RuleName::MinRegister => MinRegister.kind(),
            RuleName::LastWriteMap | RuleName::LastWriteMapWall | RuleName::ObservedRemoveMap => Kind::Map,
            _ => Kind::Register,
        }
    }

    /// Whether the rule uses wall clocks: only then may a request give a time.
    pub fn uses_wall_clock(self) -> bool {
        self.rule(MasterId(0)).uses_wall_clock()
    }

    /// The degree to which the rule's claims are believed. This project's tests cover those of named rules.
    pub(crate) fn claims(self) -> Claims {
        if let RuleName::Given(given) = self { given.claims } else { Claims::Tested }
    }

    /// Whether masters follow different rules.
    pub(crate) fn differs_by_master(self) -> bool {
        match self {
            RuleName::System(system) => system.differs_by_node(),
            RuleName::Given(_) => true,
            #[cfg(feature = "scripts")]
            RuleName::Expression(_) => true,
            _ => false,
        }
    }

    /// Whether all keys of a master are rows of one state.
    pub(crate) fn is_table(self) -> bool {
        match self {
            #[cfg(feature = "scripts")]
            RuleName::Expression(expression) => expression.is_table(),
            _ => false,
        }
    }

    /// The rule of the master `at`. This is the one place where names become rules.
    pub(crate) fn rule(self, at: MasterId) -> AnyRule {
        match self {
            RuleName::Arrival => AnyRule::new(ArrivalWins),
            RuleName::LastWrite => AnyRule::new(LastWriteWins),
            RuleName::Custom => AnyRule::new(Custom(lower_seat)),
            RuleName::CustomMerged => AnyRule::new(CustomMerged(lower_seat)),
            RuleName::MultiValue => AnyRule::new(MultiValue),
            RuleName::Counter => AnyRule::new(Counter),
            RuleName::Set => AnyRule::new(ObservedRemoveSet),
            RuleName::RemoveWinsSet => AnyRule::new(RemoveWinsSet),
            RuleName::GrowOnlySet => AnyRule::new(GrowOnlySet),
            RuleName::GrowOnlyCounter => AnyRule::new(GrowOnlyCounter),
            RuleName::BoundedCounter => AnyRule::new(BoundedCounter),
            RuleName::EnableWinsFlag => AnyRule::new(EnableWinsFlag),
            RuleName::DisableWinsFlag => AnyRule::new(DisableWinsFlag),
            RuleName::MaxRegister => AnyRule::new(MaxRegister),
            RuleName::MinRegister => AnyRule::new(MinRegister),
            RuleName::LastWriteMap => AnyRule::new(LastWriteMap),
            RuleName::LastWriteWall => AnyRule::new(LastWriteWall),
            RuleName::LastWriteMapWall => AnyRule::new(LastWriteMapWall),
            RuleName::ObservedRemoveMap => AnyRule::new(ObservedRemoveMap),
            RuleName::Given(given) => given.rule(at),
            RuleName::System(system) => system.rule(at),
            #[cfg(feature = "scripts")]
            RuleName::Expression(expression) => expression.rule(at),
        }
    }

    /// The rule's specification, if it has one.
    pub(crate) fn specification(self) -> Option<Specification> {
        Some(match self {
            RuleName::LastWrite => spec::last_write,
            RuleName::Custom => spec::lowest_seat,
            RuleName::MultiValue => spec::multi_value,
            RuleName::Counter | RuleName::GrowOnlyCounter | RuleName::BoundedCounter => spec::total,
            RuleName::Set => spec::add_wins_set,
            RuleName::RemoveWinsSet => spec::remove_wins_set,
            RuleName::GrowOnlySet => spec::grow_only_set,
            RuleName::EnableWinsFlag => spec::enable_wins_flag,
            RuleName::DisableWinsFlag => spec::disable_wins_flag,
            RuleName::MaxRegister => spec::greatest,
            RuleName::MinRegister => spec::least,
            RuleName::LastWriteMap => spec::last_write_map,
            RuleName::ObservedRemoveMap => spec::observed_remove_map,
            RuleName::Given(given) => return given.specification,
            _ => return None,
        })
    }
}
