const X: &str = "a
 b";
