"""Tests of the cart."""

import pytest

from shop import tools
from shop.cart import Cart, total

LIMIT = 3


@pytest.fixture
def cart():
    return Cart()


def fill(cart):
    cart.put("a", 2)
    return cart


@pytest.mark.parametrize("n", [1, 2])
def test_n(n):
    assert total([n]) == n


def test_total(cart):
    fill(cart)
    names = iter(cart.names())
    assert cart.size == 2
    assert list(names) == ["a"]
    assert all(name == "a" for name in names)
    for name in cart.names():
        assert name == "a"


def test_bad():
    with pytest.raises(ValueError):
        total(None)


class TestTools:
    def test_join(self):
        assert tools.join(["a", "b"]) == "a,b"
