"""What each of Deepdesk's groups may do in this dashboard. The names are those of the claim ``groups``."""

from django.contrib.auth.models import Group, Permission

GROUPS = {
    "Manager": ["view_user", "view_group"],
    "Studio Editor": ["view_group"],
    "Assistants Editor": [],
    "Agent": [],
}


def provision(**_signal):
    """Make the groups and give them exactly these permissions."""
    for name, codenames in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(Permission.objects.filter(content_type__app_label="auth", codename__in=codenames))
