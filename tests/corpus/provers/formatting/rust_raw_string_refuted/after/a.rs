const X: &str = r#"a  "b""#;
