"""A made-up platform page on which agents work, with the widget embedded as on a customer's platform.

Its own server knows the API key and the shared secret, as such a platform
does. No token of the provider passes through it.
"""

from __future__ import annotations

from idp.sandbox.widget_page.agents import AGENTS, Agent
from idp.sandbox.widget_page.app import create_widget_page

__all__ = ["AGENTS", "Agent", "create_widget_page"]
