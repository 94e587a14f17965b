"""The parameter ``claims`` (OpenID Connect Core §5.5): single claims, asked for beyond the scope."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from idp.domain.errors import Invalid

MAX_CLAIMS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRequest:
    """What was asked for. Names that nobody knows are kept: whoever answers ignores them (§5.5.1).

    :param userinfo: names of claims for the userinfo answer.
    :param id_token: names of claims for the ID token.
    :param subject: the one person who may be answered for, by ``sub``.
    :param acr: values of which the proof must have one; empty where any will do.
    """

    userinfo: tuple[str, ...] = ()
    id_token: tuple[str, ...] = ()
    subject: str | None = None
    acr: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the parameter.

        :raises Invalid: not the JSON that §5.5 describes.
        """
        asked = _decoded(text)
        userinfo, id_token = _member(asked, "userinfo"), _member(asked, "id_token")
        return cls(
            userinfo=tuple(userinfo),
            id_token=tuple(id_token),
            subject=_subject(id_token) or _subject(userinfo),
            acr=_essential_acr(id_token),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Every claim that was asked for, each once."""
        return tuple(dict.fromkeys((*self.userinfo, *self.id_token)))

    def as_json(self) -> dict[str, Any]:
        """Return what tokens have to remember; empty when nothing was asked."""
        asked = {"userinfo": list(self.userinfo), "id_token": list(self.id_token)}
        return {where: names for where, names in asked.items() if names}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what :meth:`as_json` wrote."""
        return cls(userinfo=tuple(stored.get("userinfo", ())), id_token=tuple(stored.get("id_token", ())))


def _decoded(text: str) -> Mapping[str, Any]:
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid("The parameter claims is not JSON.") from None
    if not isinstance(asked, dict):
        raise Invalid("The parameter claims must be a JSON object.")
    return asked


def _member(asked: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    member = asked.get(where)
    if member is None:
        return {}
    if not isinstance(member, dict) or len(member) > MAX_CLAIMS:
        raise Invalid("The members of the parameter claims must be JSON objects of at most 50 claims.")
    if any(not isinstance(how, dict | None) for how in member.values()):
        raise Invalid("In the parameter claims, a claim is asked for by null or an object.")
    return member


def _values(how: Mapping[str, Any] | None) -> tuple[str, ...]:
    if not how:
        return ()
    values = how["values"] if isinstance(how.get("values"), list) else [how.get("value")]
    return tuple(value for value in values if isinstance(value, str))


def _subject(member: Mapping[str, Any]) -> str | None:
    values = _values(member.get("sub"))
    return values[0] if values else None


def _essential_acr(member: Mapping[str, Any]) -> tuple[str, ...]:
    how = member.get("acr")
    return _values(how) if how and how.get("essential") is True else ()
