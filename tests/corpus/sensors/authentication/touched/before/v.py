@login_required
def a(): pass
