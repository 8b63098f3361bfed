def test_a():
    assert f(1) == 2
    assert f(2) == 3
