//! A row of them.

use std::fmt;

/// The size of a row.
///
/// ```
/// let a = 1;
/// ```
#[derive(Debug, Clone)]
pub struct A {
    /// How many there are.
    pub b: usize,
}
