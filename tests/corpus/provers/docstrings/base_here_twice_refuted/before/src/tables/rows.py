class Base:
    size = 1


Base = print(Base)


class Row(Base):
    """A recieved row."""
