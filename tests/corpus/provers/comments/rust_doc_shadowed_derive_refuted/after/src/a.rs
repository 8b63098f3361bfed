//! A row of them.

use std::fmt;

use help::Debug;

#[derive(Debug)]
pub struct A {
    /// How many there are.
    pub b: usize,
}
