import os
import sys
from typing import Any, List

print(os, sys, List, Any)
