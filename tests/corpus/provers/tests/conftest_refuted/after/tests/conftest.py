collect_ignore = ["test_cart.py"]
