# rows
import os  # noqa: F401

x = os
