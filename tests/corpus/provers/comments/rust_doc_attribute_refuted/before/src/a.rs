//! A row of them.

use std::fmt;

#[wasm_bindgen]
impl A {
    /// How many ther are.
    pub fn b() {}
}
