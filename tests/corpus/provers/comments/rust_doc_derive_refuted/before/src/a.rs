//! A row of them.

use std::fmt;

#[derive(Parser)]
pub struct A {
    /// How many ther are.
    pub b: usize,
}
