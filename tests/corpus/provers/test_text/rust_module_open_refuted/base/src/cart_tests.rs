use super::*;

#[test]
fn one() {
    assert_eq!(total(1), 1);
    assert_eq!(total(3), 3);
}
