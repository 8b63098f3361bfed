from shop.cart import total


def test_total():
    assert total([1, 2]) == 3
    assert total([1]) == 1
    assert total([2]) == 2
    assert total([0]) == 0


def test_none():
    assert total([]) == 0
