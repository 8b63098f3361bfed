// A sample of many shapes.
#![allow(dead_code)]
//! The crate of it.

use std::{collections::HashMap, fmt::{self, Display}};

/// A row.
///
/// ```
/// assert_eq!(1, 1);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg(any(test, not(feature = "x")))]
pub struct Row<'a, T: 'a + Display, const N: usize> where T: Clone {
    /** the size of it */
    pub size: [u8; N],
    name: &'a str, // a name of it
    rest: Vec<Vec<T>>,
    f: Box<dyn Fn(&T) -> Option<u8> + Send + 'static>,
}

enum E { A = 1, B(u8, u16), C { x: i32 } }

macro_rules! rows {
    ($($x:expr),* $(,)?) => { vec![$($x + 1),*] };
    (@one $i:ident => $t:ty) => { stringify!($i-> $t) };
}

/* a block /* in a block */ of it */
impl<'a, T: 'a + Display + Clone, const N: usize> Row<'a, T, N> {
    const RAW: &'static str = r#"a "b" // c /* "#;
    const BYTES: &'static [u8] = b"a\"\x00\
        b";
    const CHARS: [char; 5] = ['a', '\'', '\\', '\u{1F600}', 'é'];

    pub fn f<'b>(&'b self, x: &mut i64, t: ((u8, u8), u8)) -> Result<u64, Box<dyn std::error::Error>> where 'a: 'b {
        let y = t.0.1 as u64 + 1_000u64 + 0xFF_u64 + 0b11 + 0o17 + 1e3 as u64 + 2. as u64 + 1.5e-3f64 as u64;
        let r#type = b'\'' + b'a';
        println!("{} {:?} {{}}", y, &*x);
        'outer: for i in 0..=10 {
            if i % 2 == 0 && !(i >= 4 || i << 1 != 8) { continue 'outer } else { break }
        }
        while let Some(z) = self.rest.iter().next() { let _ = z; }
        let c = |a: u8, b| -> u8 { a.wrapping_add(b) };
        let d = || move |n: u64| n >> 1 | 2 ^ 3 & !4;
        let k = rows![1, 2, c(3, -4i8 as u8)];
        *x -= -1; *x <<= 2; *x |= 1;
        // SAFETY: the row is there
        let s = unsafe { std::mem::size_of::<HashMap<u8, Vec<Vec<u8>>>>() };
        let v = self.name.parse::<u64>()?.checked_add(y).ok_or("none")?;
        match (k.len(), s) {
            (0, _) | (1, 2..=3) => return Ok(v),
            (n @ 4.., m) if n < m => {}
            _ => {
                // nothing of it
                assert!(v > 0 && matches!(y, 1..=2 | 4), "{}", line!());
            }
        }
        let e = E::C { x: 1 };
        let E::C { x: w, .. } = e else { panic!("none") };
        let _ = (d()(1), &&w, w as f64 / 2.0 - 1., r"\", r##"a"#b"##, [0; 3], ..);
        Err(format!("{r#type}{}", stringify!(a  - > b)).into())
    }
}

mod inner {
    pub(crate) unsafe extern "C" fn g(_: *const u8, _: *mut u8) -> ! { loop {} }
    pub trait Q: Sized { type T; fn h(self) -> Self::T; }
    async fn i<F: for<'x> Fn(&'x u8)>(f: F) -> impl Sized { f(&1); }
}
