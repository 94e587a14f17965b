"""The dashboard's own pages; the rest is Django's admin."""

from django.contrib import auth
from django.contrib.auth.decorators import login_required, permission_required
from django.shortcuts import redirect, render

from dashboard.signing_in import is_still_admitted


@login_required
def home(request):
    """Say who is signed in."""
    return render(request, "home.html")


@login_required
def publish(request):
    """Do something that nobody may do any more whose access has ended a moment ago."""
    if request.method == "POST" and not is_still_admitted(request):
        auth.logout(request)
        return redirect("signed_out")
    return render(request, "publish.html", {"published": request.method == "POST"})


@login_required
@permission_required("text_suggestions.change_textsuggestion", raise_exception=True)
def text_suggestions(request):
    """Change what Studio suggests; for those who may, and nobody else."""
    return render(request, "text_suggestions.html")
