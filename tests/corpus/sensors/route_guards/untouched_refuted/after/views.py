from django.contrib.auth.decorators import permission_required


@permission_required("polls.delete_choice")
def remove(request, pk):
    return done(request)
