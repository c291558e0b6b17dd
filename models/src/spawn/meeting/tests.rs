use super::*;

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);
const C: MasterId = MasterId(2);
const SECOND_OF_A: MasterId = MasterId(3);

/// A of three, with epoch 5, which knows nobody yet.
fn alone() -> Meeting {
    Meeting::new(A, 3, [B, C].into_iter(), Epochs::of(3, [(A, 5)]))
}

fn named(epochs: &[u64]) -> Epochs {
    epochs.to_vec().into()
}

fn answer(meeting: &mut Meeting, from: MasterId, epochs: &[u64]) {
    assert_eq!(meeting.hear(from, &named(epochs), true, Some(5)), Ok(()));
}

fn says(meeting: &mut Meeting, from: MasterId, epochs: &[u64]) -> Result<(), OtherRun> {
    meeting.hear(from, &named(epochs), false, None)
}

/// The same, at its first run, after both have answered.
fn numbered() -> Meeting {
    let mut meeting = alone();
    answer(&mut meeting, B, &[]);
    answer(&mut meeting, C, &[]);
    meeting
}

#[test]
fn it_asks_first_and_then_waits_until_all_have_named_it() {
    let mut meeting = alone();
    assert_eq!(says(&mut meeting, B, &[0, 7]), Ok(()));
    assert_eq!(meeting.hear(B, &named(&[0, 7]), true, Some(4)), Ok(()));
    assert!(meeting.awaited().contains(&B), "that answers an earlier run's question");
    answer(&mut meeting, B, &[0, 7]);
    assert_eq!((meeting.awaited().iter().collect::<Vec<_>>(), meeting.origin()), (vec![&C], None));
    assert_eq!(*meeting.known(), named(&[0, 7, 0]), "nobody is told an origin that may be taken");
    answer(&mut meeting, C, &[]);
    assert_eq!((meeting.origin(), meeting.is_over()), (Some(A), false));
    assert_eq!(says(&mut meeting, B, &[5, 7]), Ok(()));
    assert_eq!(says(&mut meeting, C, &[5, 7, 9]), Ok(()));
    assert!(meeting.is_over() && meeting.taken().is_none());
    let together = Meeting::new(A, 3, [B, C].into_iter(), Epochs::of(3, [(A, 5), (B, 5), (C, 5)]));
    assert!(together.is_over());
}

#[test]
fn who_is_silent_is_given_up_and_whoever_answered_is_told() {
    let mut silent = alone();
    (0..GREETINGS - 1).for_each(|_| silent.wait_on());
    assert_eq!(silent.origin(), None);
    silent.wait_on();
    assert!(silent.is_over() && silent.unmet().len() == 2);
    let mut one = alone();
    answer(&mut one, B, &[]);
    (0..GREETINGS).for_each(|_| one.wait_on());
    assert_eq!((one.origin(), one.awaited().iter().collect::<Vec<_>>()), (Some(A), vec![&B]));
    (0..GREETINGS).for_each(|_| one.wait_on());
    assert!(one.is_over());
}

#[test]
fn a_run_takes_the_number_after_the_greatest_that_anyone_knows() {
    let mut meeting = alone();
    answer(&mut meeting, B, &[2, 7]);
    answer(&mut meeting, C, &[0, 0, 9, 3]);
    assert_eq!(meeting.origin(), Some(MasterId(6)));
    assert_eq!(*meeting.known(), named(&[2, 7, 9, 3, 0, 0, 5]));
    let mut last = alone();
    let mut all = vec![0; usize::from(3 * RUNS)];
    all[usize::from(3 * (RUNS - 1))] = 4;
    answer(&mut last, B, &all);
    answer(&mut last, C, &[]);
    assert_eq!((last.origin(), last.taken()), (None, Some((B, 4))));
}

#[test]
fn another_run_under_the_same_origin_is_refused_and_nothing_is_learned_from_it() {
    let mut meeting = numbered();
    assert_eq!(says(&mut meeting, B, &[5, 7]), Ok(()));
    for (from, epochs, why) in [
        (B, &[5, 8, 9][..], OtherRun::Of(B, 7, 8)),
        (C, &[5, 8, 9], OtherRun::Of(B, 7, 8)),
        (C, &[5, 7], OtherRun::Unnamed(C)),
        (C, &[0; 25], OtherRun::TooMany(25)),
    ] {
        assert_eq!(says(&mut meeting, from, epochs), Err(why));
        assert_eq!((meeting.known().get(C), meeting.taken()), (0, None));
    }
    assert_eq!(says(&mut meeting, B, &[5, 7, 0, 0, 8]), Ok(()), "the second run of B has an origin of its own");
    assert_eq!(meeting.master_of(MasterId(4)), B);
}

#[test]
fn whose_number_was_taken_takes_no_part_for_good() {
    let mut meeting = numbered();
    assert_eq!(says(&mut meeting, B, &[4, 7]), Err(OtherRun::Receiver(A, 5, 4)));
    assert_eq!(says(&mut meeting, C, &[5, 0, 9]), Ok(()));
    assert_eq!(says(&mut meeting, B, &[3, 7]), Err(OtherRun::Receiver(A, 5, 3)));
    assert_eq!(meeting.taken(), Some((B, 4)));
    let mut later = numbered();
    assert_eq!(says(&mut later, B, &[0, 7, 0, 4]), Err(OtherRun::Receiver(A, 5, 4)));
}

#[test]
fn what_a_third_has_learned_of_an_earlier_run_counts_as_well() {
    // B has never met A: it knows its epoch from C, with whose changes it came.
    let mut of_b = Meeting::new(B, 3, [A, C].into_iter(), Epochs::of(3, [(B, 7)]));
    assert_eq!(of_b.hear(C, &named(&[4, 0, 9]), true, Some(7)), Ok(()));
    let mut again = alone();
    answer(&mut again, B, &[4, 7]);
    answer(&mut again, C, &[]);
    assert_eq!(again.origin(), Some(SECOND_OF_A));
    assert_eq!(of_b.hear(A, again.known(), false, None), Ok(()));
    assert_eq!((of_b.known().get(A), of_b.known().get(SECOND_OF_A)), (4, 5));
}
