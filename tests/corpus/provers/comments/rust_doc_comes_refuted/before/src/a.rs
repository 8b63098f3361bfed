//! A row of them.

use std::fmt;

pub fn a() {}
