from tables.rows import rows_of
import numpy
