//! Masters that restart from disk: on a simulated disk whose power is cut, and on the real one.

mod cluster;
mod cuts;
mod disk;
mod levels;
mod refusals;
mod run;
