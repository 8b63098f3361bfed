//! A row of them.

use std::fmt;

/// The size of it.
pub fn a() {}
