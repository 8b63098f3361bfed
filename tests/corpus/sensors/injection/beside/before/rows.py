def rows(cursor, name):
    name = clean(name)
    return cursor.executemany(TEXT, name)
