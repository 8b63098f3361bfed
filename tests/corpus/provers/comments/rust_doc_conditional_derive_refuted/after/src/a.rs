//! A row of them.

use std::fmt;

#[cfg_attr(feature = "a", derive(Parser))]
pub struct A {
    /// How many there are.
    pub b: usize,
}
