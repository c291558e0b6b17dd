//! Holds the benches; nothing else.
