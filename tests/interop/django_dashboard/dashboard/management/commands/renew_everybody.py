"""``renew_everybody``: every signed-in browser re-authorizes at its next page, however recently it did."""

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Let every signed-in browser re-authorize at its next page; after a revocation that must not wait."

    def handle(self, **_options):
        for key in Session.objects.values_list("session_key", flat=True):
            session = SessionStore(key)
            if "oidc_id_token_expiration" in session:
                session["oidc_id_token_expiration"] = 0
                session.save()
