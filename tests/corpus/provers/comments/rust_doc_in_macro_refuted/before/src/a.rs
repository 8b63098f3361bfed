//! A row of them.

use std::fmt;

table! {
    /// How many ther are.
    a
}
