//! The writes of clients: [`operation`].

use multimaster::{Kind, Op};

/// The operation of the write with this number, on data of this kind.
pub(super) fn operation(kind: Kind, number: u64) -> Op {
    let few = number % 10;
    match kind {
        Kind::Counter | Kind::GrowOnlyCounter | Kind::BoundedCounter | Kind::DeletableCounter => Op::Add(1),
        Kind::Set | Kind::GrowOnlySet => Op::Insert(format!("e{few}").into()),
        Kind::Flag if few.is_multiple_of(2) => Op::Enable,
        Kind::Flag => Op::Disable,
        Kind::Maximum => Op::Raise(number as i64),
        Kind::Minimum => Op::Lower(-(number as i64)),
        Kind::Map => Op::Set(format!("v{number}").into()).in_field(format!("f{few}")),
        _ => Op::Set(format!("v{number}").into()),
    }
}
