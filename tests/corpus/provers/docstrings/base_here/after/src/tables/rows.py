class Base:
    size = 1


class Row(Base):
    """A received row.

    :param \*\*more: what else.
    """
