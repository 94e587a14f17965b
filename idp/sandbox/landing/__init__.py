"""The sandbox's front page: what this is, where everything is, and how to do the same for one's own service."""

from __future__ import annotations

from idp.sandbox.landing.page import Choice, LandingFacts, WayIn, create_landing

__all__ = ["Choice", "LandingFacts", "WayIn", "create_landing"]
