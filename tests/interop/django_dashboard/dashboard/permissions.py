"""From the claim ``permissions`` to Django's permissions."""

from django.conf import settings
from django.contrib.auth.models import Permission
from django.db.models import Q


def of_claims(claims):
    """Return Django's permissions of the claim's names; ``APP.*`` is all of an app, an unknown name is nothing."""
    wanted = Q(pk__in=[])  # an empty Q would be everything
    for name in claims.get("permissions", []):
        app, _, codename = name.partition(".")
        if app in settings.DEEPDESK_APPS:
            wanted |= Q(content_type__app_label=app, **({} if codename == "*" else {"codename": codename}))
    return Permission.objects.filter(wanted)
