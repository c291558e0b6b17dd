//! An invented reading is found in data of every kind, by default.

use crate::inputs::{checked, violated, why};
use multimaster_models::properties::NO_INVENTION;

#[test]
fn what_nobody_wrote_is_found_in_sets_flags_maps_and_tables() {
    for (kind, scripts, clients, steps, said) in [
        (
            "set",
            "start = '[]'\napply = 'if change.op.name == \"insert\" { state.push(change.op.value); } else { state = [\"ghost\"]; } state'",
            "A = [\"insert x into k\"]\nB = [\"remove x from k\"]",
            1,
            "B has seen B1 and reads k={ghost}, which nobody wrote",
        ),
        (
            "flag",
            "start = 'false'\napply = 'true'",
            "A = [\"disable k\"]\nB = [\"disable k\"]",
            1,
            "A has seen A1 and reads k=on, which nobody wrote",
        ),
        (
            "map",
            "start = '#{}'\napply = 'state[change.field] = change.op.value; if state.len() > 1 { state.z = \"ghost\"; } state'",
            "A = [\"in k, set f = 1\"]\nB = [\"in k, set g = 1\"]",
            3,
            "B has seen A1 B1 and reads k={f: 1, g: 1, z: ghost}, which nobody wrote",
        ),
        (
            "table",
            "start = '#{}'\napply = 'state[change.key] = change.op.value; if state.len() > 1 { state.z = \"0\"; } state'",
            "A = [\"set x = 1\"]\nB = [\"set y = 2\"]",
            3,
            "B has seen A1 B1 and reads rows={x: 1, y: 2, z: 0}, which nobody wrote",
        ),
    ] {
        let checked = checked(2, &format!("[rule]\nkind = \"{kind}\"\nread = 'state'\n{scripts}"), clients);
        assert_eq!(violated(&checked).get(NO_INVENTION), Some(&steps), "{kind}");
        assert_eq!(why(&checked, NO_INVENTION), said);
    }
}
