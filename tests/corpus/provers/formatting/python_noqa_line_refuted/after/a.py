x = f(
    a,
    b,
)  # noqa: S1
