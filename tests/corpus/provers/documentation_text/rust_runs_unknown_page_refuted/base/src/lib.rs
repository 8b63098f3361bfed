#[doc = include_str!("../OTHER.md")]
pub mod a {}
