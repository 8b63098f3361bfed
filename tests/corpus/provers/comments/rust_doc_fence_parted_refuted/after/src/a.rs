//! A row of them.

use std::fmt;

/// ```
#[inline]
/// let there be
#[inline]
/// ```
pub fn a() {}
