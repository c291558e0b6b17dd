//! Two engines without common search code judge histories and networks: their verdicts must be the same.
#![allow(missing_docs)]

mod histories {
    mod engines;
    mod orders;
}
