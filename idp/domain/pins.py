"""Pins: from which organisation at an upstream people may come (CONTRACT §6 rule 5).

Compared before linking, admission and roles, on what the upstream proved: a
claim of a verified token, or its API's answer, never a hint of the request.
"""

from __future__ import annotations

from collections.abc import Collection


def admits_tenant(found: str | None, tenants: Collection[str]) -> bool:
    """Say whether an organisation's identifier is one of those pinned, to the letter.

    :param tenants: none pinned admits nobody.
    """
    return found is not None and found in tenants


def admits_hosted_domain(found: str | None, domains: Collection[str], *, any_account: bool) -> bool:
    """Say whether Google's ``hd`` claim is one of the domains pinned.

    The claim names the organisation's primary domain and is absent for
    consumer accounts; the address's own domain proves nothing.

    :param any_account: everybody with a Google account was asked for.
    """
    return any_account or (found is not None and found in domains)
