//! A row of them.

use std::fmt;

/// > ```
/// > let a = 1;
/// the sise of it
pub fn a() {}
