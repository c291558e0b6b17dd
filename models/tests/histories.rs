//! Histories and networks are judged by two engines that share no line of search: both must say the same.
#![allow(missing_docs)]

mod histories {
    mod engines;
    mod orders;
}
