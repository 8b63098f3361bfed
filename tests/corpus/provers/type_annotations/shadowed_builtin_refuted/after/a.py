class A:
    def list(self):
        return []

    def f(self, x: list):
        return x
