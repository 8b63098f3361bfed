import app.signals
import os

print(os.sep)
