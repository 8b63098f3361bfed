//! A row of them.

use std::fmt;

/// > ```
/// > let a = 1;
/// the size of it
pub fn a() {}
