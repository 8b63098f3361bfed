x = f(
    "a",
    "b",
    0xFF,
)
