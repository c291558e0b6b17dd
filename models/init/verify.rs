//! The rule is verified: under every schedule, do all masters read the same value in the end, and which writes are
//! lost?

use multimaster_models::{Verify, verify};

/// All causal histories of a few writes, then pairs and triples of masters over streams and lossy datagrams. It fails
/// with the shortest schedule that violates a property.
#[test]
fn masters_agree() {
    verify(CRATE::rule());
}

/// The requests of `scenarios/bookings.toml`, compared with its `[expect]`.
#[test]
fn bookings_end_as_expected() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/bookings.toml");
    Verify::rule(CRATE::rule()).scenario(file).run().unwrap();
}
