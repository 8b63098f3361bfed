rows = cursor.execute(
    TEXT, name
)
