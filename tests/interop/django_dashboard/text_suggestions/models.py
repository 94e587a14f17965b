"""The model whose permissions guard a page."""

from django.db import models


class TextSuggestion(models.Model):
    """App and model are named as in Deepdesk's permissions, so Django makes permissions of the same names."""

    class Meta:
        managed = False  # the texts are kept elsewhere; a dashboard with a table of its own leaves this out
