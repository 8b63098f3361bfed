#[doc = include_str!(concat!("../docs/", "gui", "de.md"))]
pub mod a {}
