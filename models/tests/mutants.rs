//! What the properties are worth: protocols and rules broken on purpose, most of them by one line, each rejected by a
//! named property on a schedule that is pinned here step by step. The K numbers are those of documented bugs in real
//! systems; a mutant without one is here so that every property rejects something.

mod mutants {
    pub(crate) mod kill;
    pub(crate) mod protocol;
    pub(crate) mod rules;
    pub(crate) mod snapshots;
    pub(crate) mod specifications;
    mod witnesses;
}

use multimaster::LastWriteWins;
use multimaster_models::cluster::Cluster;
use multimaster_models::engine::{Limits, explore};
use multimaster_models::properties;
use multimaster_models::scope::Link;
use multimaster_models::tamper::Tamper;
use mutants::kill::{self, Mutant};
use std::collections::BTreeSet;

/// The list: each entry is a test of its own, so what is counted below has been killed.
macro_rules! listed {
    ($($module:ident { $($name:ident)* })*) => {
        const LISTED: &[fn() -> Mutant] = &[$($(mutants::$module::$name,)*)*];
        $($(#[test]
        fn $name() {
            mutants::$module::$name().is_killed();
        })*)*
    };
}

listed! {
    rules {
        k1_a_tie_keeps_what_is_held
        k2_a_tie_takes_what_comes
        k3_the_clock_ignores_what_is_received
        k4_the_clock_steps_back
        k7_a_tombstone_is_dropped_at_once
        k11_merged_values_diverge
        k11_a_superseded_value_comes_back
        k12_a_remove_takes_what_it_never_saw
        k13_each_master_has_its_own_rule
        k14_an_increment_without_an_origin_grows
        k25_an_increment_counts_at_each_delivery
    }
    protocol {
        k6_two_writes_are_queued_the_other_way_round
        k14_a_change_comes_round_for_ever
        k16_without_relay_a_spoke_is_left_out
        k16_without_relay_asking_does_not_help
        k26_a_write_overtakes_its_cause
        k26_a_removed_element_comes_back
        k32_a_filter_hides_the_cause
        masters_that_never_ask
        an_answerer_that_trusts_its_own_sending
    }
    snapshots {
        k5_collected_stamps_are_zero
        k21_a_full_sync_overwrites
        k22_a_snapshot_claims_a_write_it_lacks
        k22_a_snapshot_holds_a_write_it_does_not_claim
        k23_a_snapshot_forgets_deletes
        k23_what_a_snapshot_forgets_is_read_again
        k24_a_counter_is_merged_by_adding
    }
    specifications {
        k12_a_remove_without_dots_is_not_add_wins
        k24_a_sum_is_not_that_of_the_increments
        k26_a_sale_overtakes_its_stock
        k31_a_transfer_is_applied_twice
        k31_stock_is_checked_by_the_total
        a_flag_that_disabling_wins_is_not_one_that_enabling_wins
        a_set_in_which_removes_win_is_not_one_in_which_inserts_win
    }
}

#[test]
fn twenty_documented_bugs_are_listed() {
    let numbers: BTreeSet<&str> = LISTED.iter().map(|mutant| mutant().number).collect();
    let documented = |number: &&&str| number.strip_prefix('K').is_some_and(|rest| rest.parse::<u8>().is_ok());
    assert_eq!(numbers.iter().filter(documented).count(), 20, "{numbers:?}");
}

#[test]
fn every_property_rejects_a_mutant() {
    let rejecting: BTreeSet<&str> = LISTED.iter().map(|mutant| mutant().property).collect();
    assert_eq!(rejecting, BTreeSet::from(properties::ALL));
}

/// What a tampered cluster does, the tampering does: without any, it is the cluster as shipped, state for state.
#[test]
fn a_tamper_that_alters_nothing_changes_nothing() {
    let link = Link::Datagram { losses: 1, duplicates: 1 };
    let cluster = || {
        Cluster::new(kill::keeping(1, kill::pair(link, &[&["set k = 1", "delete k"], &["set k = 2"]])), LastWriteWins)
    };
    let shipped = explore(&cluster(), Limits::default(), |_, _| {});
    let tampered = explore(&cluster().tampered(Tamper::default()), Limits::default(), |_, _| {});
    assert_eq!(
        (tampered.states, tampered.generated, tampered.findings),
        (shipped.states, shipped.generated, shipped.findings)
    );
}
