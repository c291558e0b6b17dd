use multimaster::{Keep, Version};

/// The flight booking: of two bookings of the last seat, the one with the lower-numbered seat is kept; of equal seats
/// the earlier one. A booking starts with its seat number: `12 Ann`. One that does not counts as the highest seat.
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
