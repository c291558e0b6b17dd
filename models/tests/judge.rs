//! Histories of operations: planted anomalies are found, each by its property; clean histories have none; and what is no
//! history is refused.
#![allow(missing_docs)]

mod judge {
    mod clean;
    mod planted;
    mod refused;
    mod told;
    mod written;
}
