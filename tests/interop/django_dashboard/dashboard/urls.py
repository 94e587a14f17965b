"""The dashboard's addresses."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView, TemplateView

from dashboard import signing_out, views

urlpatterns = [
    path("", views.home),
    path("publish/", views.publish, name="publish"),
    path("text-suggestions/", views.text_suggestions),
    path("signed-out/", TemplateView.as_view(template_name="signed_out.html"), name="signed_out"),
    path("oidc/", include("mozilla_django_oidc.urls")),
    path("backchannel-logout/", signing_out.backchannel_logout),
    # Before the admin's own, which asks for a password.
    path("admin/login/", RedirectView.as_view(pattern_name="oidc_authentication_init", query_string=True)),
    path("admin/", admin.site.urls),
]
