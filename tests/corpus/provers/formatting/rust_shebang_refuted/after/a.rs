#!/usr/bin/env run-cargo-script
fn f() -> u8 { 1 }
