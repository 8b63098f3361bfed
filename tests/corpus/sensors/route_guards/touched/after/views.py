from django.contrib.auth.decorators import login_required


@login_required
def remove(request, pk):
    return done(request)
