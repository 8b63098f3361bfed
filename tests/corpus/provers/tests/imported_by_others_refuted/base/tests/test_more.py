from tests.test_cart import test_total
