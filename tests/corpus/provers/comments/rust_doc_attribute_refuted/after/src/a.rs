//! A row of them.

use std::fmt;

#[wasm_bindgen]
impl A {
    /// How many there are.
    pub fn b() {}
}
