//! A row of them.

use std::fmt;

/// The size.
///
///     let ther = 1;
pub fn a() {}
