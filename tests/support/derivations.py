"""For every role in every token that a test obtains, the explanation must replay to that very role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt
from flask import Flask

from idp.domain.context import Context
from idp.services.people.explain import explain


def check(app: Flask, token: str, context: Context) -> None:
    """Compare a token's roles with what ``idp users explain`` derives for its person in its account, now.

    Runs in every test of the suite that redeems a code (:meth:`tests.support.rp.RelyingParty.calls_token`).
    """
    claims = _claims(token)
    if not {"roles", "account"} <= claims.keys() or claims["sub"] == claims.get("client_id"):
        return  # it names no role, or is a client's own
    with app.app_context():
        found = explain(claims["sub"], account=None, context=context)
    standing = next((one for one in found.standings if one.account == claims["account"]), None)
    assert standing is not None, f"nothing explains {claims['sub']} in account {claims['account']}"
    replayed = [role.value for role in standing.reason.replayed()]
    assert replayed == claims["roles"], f"{standing.reason} gives {replayed}, the token says {claims['roles']}"


def check_by_command(explained: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
    """The same for a provider in other processes.

    :param explained: what ``idp users explain SUB --json`` printed.
    """
    standings = [one for one in explained["standings"] if one["account"] == claims["account"]]
    assert [one["replayed"] for one in standings] == [claims["roles"]], f"{explained} does not give {claims['roles']}"


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims
