//! A rule for conflicting writes.

use multimaster::{Custom, Keep, Version};

/// Of two concurrent versions of a key, keeps the one with the longer value; of equal length, the first. A delete has no
/// value, and length 0.
pub fn longer(first: &Version, second: &Version) -> Keep {
    let length = |version: &Version| version.value.as_ref().map_or(0, |value| value.len());
    if length(second) > length(first) { Keep::Second } else { Keep::First }
}

/// The rule: [`longer`] decides among all versions that are concurrent.
pub fn rule() -> Custom<fn(&Version, &Version) -> Keep> {
    Custom(longer)
}
