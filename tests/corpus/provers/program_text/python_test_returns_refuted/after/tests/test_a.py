def test_a():
    return
    assert f(1) == 2
