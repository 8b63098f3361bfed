from pkg import register


@register
def f(x):
    return x
