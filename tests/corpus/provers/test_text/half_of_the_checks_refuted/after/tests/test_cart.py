from shop.cart import total


def test_total():
    total([1, 2])


def test_none():
    assert total([]) == 0
