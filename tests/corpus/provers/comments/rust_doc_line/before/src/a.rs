//! A row of them.

use std::fmt;

/// The sise of a row.
///
/// ```
/// let a = 1;
/// ```
#[derive(Debug, Clone)]
pub struct A {
    /// How many ther are.
    pub b: usize,
}
