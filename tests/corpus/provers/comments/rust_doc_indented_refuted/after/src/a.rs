//! A row of them.

use std::fmt;

/// The size.
///
///     let there = 1;
pub fn a() {}
