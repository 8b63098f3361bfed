//! A row of them.

use std::fmt;

#[derive(Parser)]
pub struct A {
    /// How many there are.
    pub b: usize,
}
