//! Filled when the log has landed.
