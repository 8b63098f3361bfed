class Base:
    size = 1


class Row(Base):
    """A recieved row.

    :param \*\*more: what else.
    """
