"""The app: provisions its groups after every ``migrate``."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DashboardConfig(AppConfig):
    name = "dashboard"

    def ready(self):
        from dashboard.groups import provision

        post_migrate.connect(provision, sender=self)
