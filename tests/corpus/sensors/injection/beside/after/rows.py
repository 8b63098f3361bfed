def rows(cursor, name):
    name = name.strip()
    return cursor.executemany(TEXT, name)
