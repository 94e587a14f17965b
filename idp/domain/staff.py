"""What a grant lets a staff member do in a customer's account (CONTRACT §6 rule 8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from idp.domain.identifiers import AccountCode
from idp.domain.roles import Role, highest_first, outranks


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A permission to enter.

    :param account: where to; none means every account.
    :param roles: as what; never empty.
    :param until: the first moment at which it no longer counts; none for no end.
    """

    id: str
    account: AccountCode | None
    roles: tuple[Role, ...]
    until: datetime | None = None

    def opens(self, account: AccountCode, *, now: datetime) -> bool:
        """Say whether it lets its holder into an account now."""
        return self.account in {None, account} and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a staff member is in a customer's account, by all grants that open it.

    :param grants: identifiers of the grants, for the explanation.
    :param until: when the first of them ends, after which the roles may be fewer; none when none has an end.
    """

    roles: tuple[Role, ...]
    grants: tuple[str, ...]
    until: datetime | None


def covers(chosen: Iterable[Role], roles: Iterable[Role]) -> bool:
    """Say whether a choice to enter as ``chosen`` still stands for what the grants give now: nothing higher."""
    highest = highest_first(chosen)
    return bool(highest) and not any(outranks(role, highest[0]) for role in roles)


def entry_into(account: AccountCode, grants: Iterable[Grant], *, now: datetime) -> Entry | None:
    """Return what the grants together make of their holder in an account; none when none of them opens it.

    Of several that count, each adds its roles; tokens live no longer than the first of them.
    """
    opening = [grant for grant in grants if grant.opens(account, now=now)]
    if not opening:
        return None
    ends = [grant.until for grant in opening if grant.until is not None]
    return Entry(
        roles=highest_first(role for grant in opening for role in grant.roles),
        grants=tuple(grant.id for grant in opening),
        until=min(ends, default=None),
    )
