fn f(x: &str) -> R<u8> {
    let y = x.first()?.second(1..2, 'a', t.0.1)?.third();
    y
}
