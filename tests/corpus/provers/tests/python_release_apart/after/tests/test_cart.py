"""Tests."""

import pytest

from shop.cart import Cart, total


@pytest.mark.parametrize("n", [1, 2])
def test_n(n):
    assert total([n]) == n


def test_total():
    cart = Cart()
    cart.put("a", 2)
    assert cart.size == 2
    assert total([1, 2]) == 3


def test_bad():
    with pytest.raises(ValueError):
        total(None)


def test_one_more():
    cart = Cart()
    cart.put("b", 1)
    assert cart.size == 1
