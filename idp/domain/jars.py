"""The two cookie jars of a browser, and which of two sessions counts (CONTRACT §6 rule 1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from idp.domain.identifiers import UserId


class Jar(StrEnum):
    """Where a browser keeps a cookie; the claim ``jar`` of its token."""

    TOP = "top"
    """The ordinary jar, of windows whose address is ours."""
    PARTITIONED = "partitioned"
    """The jar of one embedding site (CHIPS), which works where third-party cookies are blocked."""


class Kept(Protocol):
    """A session's token, as far as the choice among several needs it."""

    @property
    def user_id(self) -> UserId:
        """Whose it is."""

    @property
    def jar(self) -> Jar:
        """Where it was put."""

    @property
    def issued_at(self) -> datetime:
        """When it was made."""


T = TypeVar("T", bound=Kept)


def in_order(presented: Sequence[T], *, embedded: bool) -> Sequence[T]:
    """Return which of the tokens that a browser sent at once may count, the first choice first.

    Of one person's the newest goes first. Of several people's only those of the place the call comes from count:
    the partitioned jar for an embedded widget, the ordinary one for everybody else.

    :param presented: genuine ones of the same kind, that may be used here.
    :param embedded: the call comes from an origin in whose pages a widget is embedded.
    """
    if len({one.user_id for one in presented}) > 1:
        place = Jar.PARTITIONED if embedded else Jar.TOP
        presented = [one for one in presented if one.jar is place]
    return sorted(presented, key=lambda one: one.issued_at, reverse=True)
