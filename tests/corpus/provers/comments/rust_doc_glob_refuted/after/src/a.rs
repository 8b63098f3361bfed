//! A row of them.

use std::fmt;

use own::*;

#[derive(Debug)]
pub struct A {
    /// How many there are.
    pub b: usize,
}
