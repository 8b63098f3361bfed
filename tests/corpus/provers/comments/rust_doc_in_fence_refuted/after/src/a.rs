//! A row of them.

use std::fmt;

/// The size.
///
/// ```
/// assert to
/// ```
pub fn a() {}
