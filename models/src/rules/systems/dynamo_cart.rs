use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// The shopping cart of Dynamo: a cart is one value, concurrent carts are kept as siblings, and a reader merges them by
/// union. So an added item is never lost, and a removed item comes back if a concurrent cart still had it.
///
/// Source: DeCandia et al., "Dynamo: Amazon's highly available key-value store", SOSP 2007, §4.4 and §6. A write merges
/// the carts at its master and replaces them.
#[derive(Clone, Copy, Debug, Default)]
pub struct DynamoCart;

/// Each item with its inserts.
type Cart = BTreeMap<Text, BTreeSet<Dot>>;

fn union(carts: &Versions<Cart>) -> Cart {
    let mut union = Cart::new();
    for (item, dots) in carts.kept.iter().flat_map(|version| &version.value) {
        union.entry(item.clone()).or_default().extend(dots);
    }
    union
}

impl Resolver for DynamoCart {
    type State = Versions<Cart>;
    type Effect = Update<Cart>;

    fn kind(&self) -> Kind {
        Kind::Set
    }

    fn prepare(&self, state: &Self::State, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Self::Effect, Refusal> {
        let mut cart = union(state);
        let time = said_time(&op, timestamp);
        match op {
            Op::Insert(item) => cart.insert(item, [dot].into()),
            Op::Remove(item) => cart.remove(&item),
            other => return Err(Refusal::WrongKind(other)),
        };
        Ok(state.over(dot, time, cart))
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool {
        state.take(&change.effect)
    }

    fn why_kept(&self, _: &Self::State, _: &Change<Self::Effect>) -> &'static str {
        "had it already, or what replaced it"
    }

    fn read(&self, state: &Self::State) -> Reading {
        Reading::Elements(union(state).into_keys().collect())
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        Some(ours.state.join(theirs.state))
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.kept.iter().flat_map(|version| version.value.values()).any(|dots| dots.contains(&dot))
    }
}
