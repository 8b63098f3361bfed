#[doc = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/a.rs"))]
mod x {}
