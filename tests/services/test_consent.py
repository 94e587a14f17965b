"""What the consent page says is what tokens and userinfo give, no less."""

from __future__ import annotations

from idp.domain.consent import OF_CLAIM, OF_SCOPE
from idp.services.oauth import claims


def test_every_claim_that_can_be_given_has_its_words() -> None:
    assert OF_CLAIM.keys() == set(claims.CLAIMS)


def test_a_scope_is_described_by_what_it_releases() -> None:
    for scope, released in claims.OF_SCOPE.items():
        assert {OF_CLAIM[name] for name in released} == set(OF_SCOPE[scope]), scope
