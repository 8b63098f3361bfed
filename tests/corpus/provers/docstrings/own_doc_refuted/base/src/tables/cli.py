import tables.rows as rows
print(rows.__doc__)
