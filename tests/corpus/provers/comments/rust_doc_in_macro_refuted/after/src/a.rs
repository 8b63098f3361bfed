//! A row of them.

use std::fmt;

table! {
    /// How many there are.
    a
}
