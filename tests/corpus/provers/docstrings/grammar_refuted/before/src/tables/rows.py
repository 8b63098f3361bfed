def p_expression(p):
    """expression : expression plus term"""
    p[0] = p[1]
