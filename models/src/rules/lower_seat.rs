use multimaster::{Keep, Version};

/// The rule of the flight booking: of two bookings, the one with the lower seat number is kept; of equals, the earlier
/// one. A booking starts with its seat number, `12 Ann`. Without a number it counts as the highest seat.
///
/// For [`Custom`](multimaster::Custom), under which it converges, and [`CustomMerged`](multimaster::CustomMerged), under
/// which it does not.
pub fn lower_seat(first: &Version, second: &Version) -> Keep {
    let seat = |version: &Version| {
        let digits = version.value.as_deref().and_then(|booking| booking.split_whitespace().next());
        digits.and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(u32::MAX)
    };
    if seat(second) < seat(first) { Keep::Second } else { Keep::First }
}
