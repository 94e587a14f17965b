"""In whose pages a widget may be embedded: the accounts of an origin, kept for seconds (CONTRACT §6 rules 2 and 16)."""

from __future__ import annotations

from datetime import datetime, timedelta

from idp.domain.identifiers import AccountCode
from idp.store import accounts
from idp.store.unit_of_work import reading

KEPT_FOR = timedelta(seconds=5)
MOST = 10_000
MAX_LENGTH = 255

Accounts = frozenset[AccountCode]


class Origins:
    """Thread-safe: entries are replaced whole, and the worst of a race is to read twice.

    An origin that was taken from a list is refused after :data:`KEPT_FOR`; one that is new counts at once, since
    whoever does not find an account asks :meth:`again`.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[datetime, Accounts]] = {}

    def accounts_of(self, origin: str, *, now: datetime) -> Accounts:
        """Return the enabled accounts whose list names the origin, at most :data:`KEPT_FOR` old; mostly one."""
        kept = self._kept.get(origin)
        if kept is not None and kept[0] <= now < kept[0] + KEPT_FOR:
            return kept[1]
        return self.again(origin, now=now)

    def again(self, origin: str, *, now: datetime) -> Accounts:
        """Return them as the records say now."""
        if not 0 < len(origin) <= MAX_LENGTH:
            return frozenset()
        with reading() as session:
            found = frozenset(accounts.of_origin(session, origin))
        if not found:
            # Strangers are many: they are not kept, and not for long if they become known.
            self._kept.pop(origin, None)
            return found
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[origin] = (now, found)
        return found

    def forget(self) -> None:
        """Ask the records again, whatever is kept."""
        self._kept = {}

    def allow(self, origin: str, account: AccountCode, *, now: datetime) -> bool:
        """Say whether an account's list names the origin."""
        return account in self.accounts_of(origin, now=now) or account in self.again(origin, now=now)
