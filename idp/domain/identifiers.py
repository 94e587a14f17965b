"""The kinds of identifier, so that one cannot be passed where another is meant."""

from __future__ import annotations

from typing import NewType

AccountCode = NewType("AccountCode", str)
ClientId = NewType("ClientId", str)
FamilyId = NewType("FamilyId", str)
"""Names everything that one authorization gave: its code, its tokens and their successors."""
ProviderCode = NewType("ProviderCode", str)
ProviderId = NewType("ProviderId", str)
"""A provider's row. Unlike its code it is never used again, so links cannot outlive a deletion."""
SessionId = NewType("SessionId", str)
"""The ``sid`` of tokens and logout. It is public; the secret of the session's cookie is another value."""
UserId = NewType("UserId", str)
"""Also the ``sub`` of the user's tokens."""
