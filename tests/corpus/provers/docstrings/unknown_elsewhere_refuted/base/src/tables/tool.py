import somewhat
from tables.rows import rows_of
somewhat.add(rows_of)
