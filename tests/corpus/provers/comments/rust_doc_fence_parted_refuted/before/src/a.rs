//! A row of them.

use std::fmt;

/// ```
#[inline]
/// let ther be
#[inline]
/// ```
pub fn a() {}
