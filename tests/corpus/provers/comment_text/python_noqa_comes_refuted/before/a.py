# rows
import os

x = os
