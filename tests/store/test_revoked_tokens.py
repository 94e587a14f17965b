"""An access token is revoked alone, and once."""

from __future__ import annotations

from idp.domain.identifiers import ClientId, FamilyId
from idp.store import clients, revoked_tokens, subjects
from idp.store.unit_of_work import reading, unit_of_work
from tests.store.conftest import SOON, add_family
from tests.support.database import RACERS, racing


def revoked(jti: str) -> bool:
    with unit_of_work() as session:
        return revoked_tokens.add(session, jti, expires_at=SOON)


def test_a_token_is_revoked_once(acme):
    assert revoked("family.one")
    assert not revoked("family.one")


def test_of_eight_racing_revocations_one_counts(acme):
    assert sorted(racing(acme, lambda: revoked("family.one"))) == [False] * (RACERS - 1) + [True]


def test_of_a_family_the_revoked_token_alone_no_longer_counts(acme):
    with unit_of_work() as session:
        add_family(session, "family")
    revoked("family.one")
    with reading() as session:
        assert subjects.of_live_family(session, FamilyId("family"), jti="family.one") is None
        assert subjects.of_live_family(session, FamilyId("family"), jti="family.two") is not None


def test_of_a_clients_own_tokens_the_revoked_one_alone_no_longer_counts(acme):
    revoked("one")
    with reading() as session:
        assert clients.of_live_token(session, ClientId("studio"), jti="one") is None
        assert clients.of_live_token(session, ClientId("studio"), jti="two") is not None
        assert clients.of_live_token(session, ClientId("nobody"), jti="two") is None
