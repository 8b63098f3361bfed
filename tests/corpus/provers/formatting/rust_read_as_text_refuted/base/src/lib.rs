const T: &str = include_str!("../a.rs");
