def p_expression(p):
    """expressions : expression plus term"""
    p[0] = p[1]
