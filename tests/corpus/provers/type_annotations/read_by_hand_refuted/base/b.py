from typing import get_type_hints

from a import f

print(get_type_hints(f))
