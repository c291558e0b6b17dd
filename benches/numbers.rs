//! Keys and values made in registers: reading them from a list would cost misses that hide what is measured, and printing
//! digits one by one would cost more than a look-up.

use compact_str::CompactString;
use std::str;

/// A letter and the last 15 digits of the number in hexadecimal: text of 16 bytes, which fits inline.
#[inline]
pub fn numbered(letter: u8, n: u64) -> CompactString {
    let first = digits((n >> 32) as u32) & (u64::MAX >> 8) | u64::from(letter) << 56;
    let mut text = Words([0; 16]);
    text.0[..8].copy_from_slice(&first.to_be_bytes());
    text.0[8..].copy_from_slice(&digits(n as u32).to_be_bytes());
    CompactString::new(str::from_utf8(&text.0).unwrap_or_default())
}

/// Aligned, so that it is found to be text a word at a time.
#[repr(align(8))]
struct Words([u8; 16]);

/// Eight hexadecimal digits at once: each nibble moves to a byte of its own, and becomes its letter.
fn digits(n: u32) -> u64 {
    let mut x = u64::from(n);
    x = (x | x << 16) & 0x0000_ffff_0000_ffff;
    x = (x | x << 8) & 0x00ff_00ff_00ff_00ff;
    x = (x | x << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    let over_nine = ((x + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    x + 0x3030_3030_3030_3030 + over_nine * 0x27
}

/// The `n`-th key of so many, in an order that no cache foresees.
#[inline]
pub fn key(n: u64, keys: u64) -> CompactString {
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    numbered(b'k', (mixed * keys) >> 32)
}

/// The `n`-th value.
#[inline]
pub fn value(n: u64) -> CompactString {
    numbered(b'v', n)
}

#[cfg(test)]
mod tests {
    #[test]
    fn digits_are_hexadecimal() {
        assert_eq!(super::numbered(b'v', 0x0123_4567_89ab_cdef), "v123456789abcdef");
    }
}
