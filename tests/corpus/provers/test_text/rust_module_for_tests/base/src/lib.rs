#[cfg(test)]
mod cart_tests;
