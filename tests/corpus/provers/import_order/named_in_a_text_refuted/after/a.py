import os

PRICE: 'decimal.Decimal' = None
print(os.sep)
