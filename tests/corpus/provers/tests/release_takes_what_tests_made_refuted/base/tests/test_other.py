import pytest
from shop.cart import total

def test_o():
    assert total([1]) == 1
