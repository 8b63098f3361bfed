x = (
    a
    or b
)
