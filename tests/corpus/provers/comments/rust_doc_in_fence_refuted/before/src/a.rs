//! A row of them.

use std::fmt;

/// The size.
///
/// ```
/// assert too
/// ```
pub fn a() {}
