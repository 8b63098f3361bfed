use super::*;

#[test]
fn one() {
    assert_eq!(total(2), 2);
    assert_eq!(total(3), 3);
}
