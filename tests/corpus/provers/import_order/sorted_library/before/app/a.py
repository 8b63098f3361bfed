import sys
import os
from typing import List, Any

print(os, sys, List, Any)
