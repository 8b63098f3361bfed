from pkg import register


@register
def f(x: int):
    return x
