#![doc = include_str!("../docs/a.md")]
