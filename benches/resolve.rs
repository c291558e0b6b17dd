use crate::meeting::Meeting;
use criterion::{BatchSize, Criterion};
use multimaster::Resolver;
use std::hint::black_box;

/// Measures one `apply` of `rule` in each [`Meeting`], as `resolve/NAME/newer` and so on. The operations follow from
/// `rule.kind()`, so any rule can be given.
///
/// ```
/// use criterion::Criterion;
/// use multimaster::LastWriteWins;
/// use std::time::Duration;
///
/// let mut c = Criterion::default()
///     .warm_up_time(Duration::from_millis(1))
///     .measurement_time(Duration::from_millis(10))
///     .sample_size(10)
///     .without_plots();
/// multimaster_benches::resolve(&mut c, "my-rule", LastWriteWins);
/// ```
///
/// # Panics
/// If the rule refuses an operation of its kind, a newer write is not shown, or two applications of one change to one
/// state do not end alike.
pub fn resolve<R: Resolver>(c: &mut Criterion, name: &str, rule: R) {
    let mut group = c.benchmark_group(format!("resolve/{name}"));
    for (meeting, case) in Meeting::ALL {
        let (held, change) = match meeting.of(&rule) {
            Ok(met) => met,
            Err(refusal) => panic!("{name} refuses an operation of its kind: {refusal}"),
        };
        let mut expected = held.clone();
        let altered = rule.apply(&mut expected, &change);
        assert!(meeting != Meeting::Newer || rule.shows(&expected, change.dot), "{name} does not show a newer write");
        group.bench_function(case, |b| {
            b.iter_batched_ref(
                || held.clone(),
                |state| {
                    assert_eq!(rule.apply(black_box(state), black_box(&change)), altered);
                },
                BatchSize::SmallInput,
            );
        });
        let mut again = held.clone();
        rule.apply(&mut again, &change);
        assert!(again == expected, "{name} is no function of its arguments");
    }
    group.finish();
}

#[cfg(test)]
mod tests {
    use super::*;
    use multimaster::{Change, Dot, Op, Reading, Refusal, Side, Text, Timestamp};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    /// The later write wins; this rule counts how often it is asked.
    #[derive(Clone)]
    struct Counting(Arc<AtomicUsize>);

    impl Resolver for Counting {
        type State = Option<(Timestamp, Dot, Text)>;
        type Effect = Text;

        fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<Text, Refusal> {
            if let Op::Set(value) = op { Ok(value) } else { Err(Refusal::WrongKind(op)) }
        }

        fn apply(&self, state: &mut Self::State, change: &Change<Text>) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed);
            let held = state.as_ref().map(|(timestamp, ..)| *timestamp);
            let taken = held < Some(change.timestamp);
            if taken {
                *state = Some((change.timestamp, change.dot, change.effect.clone()));
            }
            taken
        }

        fn read(&self, state: &Self::State) -> Reading {
            state.clone().map_or(Reading::Nothing, |(.., value)| Reading::Value(value))
        }

        fn merge(&self, _: Side<'_, Self::State>, _: Side<'_, Self::State>) -> Option<Self::State> {
            None
        }

        fn shows(&self, state: &Self::State, dot: Dot) -> bool {
            state.as_ref().is_some_and(|(_, held, _)| *held == dot)
        }
    }

    #[test]
    fn a_rule_from_elsewhere_is_measured() {
        let mut c = Criterion::default()
            .warm_up_time(Duration::from_millis(1))
            .measurement_time(Duration::from_millis(10))
            .sample_size(10)
            .without_plots();
        let asked = Arc::new(AtomicUsize::new(0));
        resolve(&mut c, "elsewhere", Counting(asked.clone()));
        // Four meetings, ten samples each of at least one.
        assert!(asked.load(Ordering::Relaxed) >= 40);
    }
}
