"""A small downstream service: signs people in at the provider, and shows what it learns about them.

It is written as a newcomer's service would be: Authlib's Flask client,
configured by discovery alone, and no import from the provider's package.
"""

from __future__ import annotations

from idp.sandbox.sample_service.app import create_sample_service
from idp.sandbox.sample_service.claims import rows

__all__ = ["create_sample_service", "rows"]
