"""Our own tests have people of any role in one line, too."""

from __future__ import annotations

from pathlib import Path

from idp.domain.roles import Role
from tests.support.app import provider_on_a_file
from tests.support.rp import RelyingParty


def test_somebody_of_any_role_is_signed_in_by_one_line(tmp_path: Path) -> None:
    with provider_on_a_file(tmp_path) as (op, _):
        rp = RelyingParty.registered_at(op)
        for role in Role:
            asked = rp.asks(op.browser_of(op.somebody(role)))
            claims = rp.verifies(rp.redeems(asked.code).tokens.id_token, nonce=asked.asked.nonce)
            assert claims["role_name"] == role
