"""What may exist once: of racing writers exactly one succeeds, whatever they looked up before."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from sqlalchemy.exc import IntegrityError

from idp.store.accounts import AccountEmailDomain
from idp.store.db import Base
from idp.store.signing_keys import KeyState, SigningKey
from idp.store.unit_of_work import unit_of_work
from idp.store.upstream_identities import UpstreamIdentityLink
from tests.store.conftest import NOW, new_account, new_client, new_link_request, new_provider, new_user
from tests.support.database import RACERS, racing

numbers = count()
COLLISIONS = ({"subject": "00u2"}, {"subject": "00u3"}, {"subject": "00u2", "user": "robin"})


def link(
    *, subject: str = "00u1", issuer: str = "https://okta.example", provider: str = "okta"
) -> UpstreamIdentityLink:
    return UpstreamIdentityLink(
        id=f"link-{next(numbers)}",
        provider_id=f"provider-{provider}",
        issuer=issuer,
        subject=subject,
        user_id="kim",
        created_at=NOW,
        last_seen_at=NOW,
    )


def provider() -> Base:
    row = new_provider("google")
    row.id = f"provider-{next(numbers)}"
    return row


def somebody(
    address: str = "robin@acme.example", *, account: str = "acme", held: bool = True, platform_id: str | None = None
) -> Base:
    number = next(numbers)
    return new_user(
        f"user-{number}", account=account, vouched=False, held=held, address=address, platform_id=platform_id
    )


def known_there() -> Base:
    return somebody(f"user-{next(numbers)}@acme.example", platform_id="gen-1")


def key(state: KeyState, *, alg: str = "ES256", use: str = "oauth") -> Base:
    return SigningKey(
        kid=f"kid-{next(numbers)}",
        use=use,
        alg=alg,
        state=state,
        public_jwk={},
        private_jwk_sealed="sealed",
        created_at=NOW,
        published_at=NOW,
    )


def domain() -> Base:
    return AccountEmailDomain(domain="acme.example", account_code="acme")


ONCE: dict[str, Callable[[], Base]] = {
    "an upstream identity": link,
    "an address that is somebody's": somebody,
    "a platform id": known_there,
    "a collision": lambda: new_link_request(f"request-{next(numbers)}"),
    "a provider's code": provider,
    "an account's code": lambda: new_account("globex"),
    "a client_id": lambda: new_client("backend"),
    "an email domain": domain,
    "a current key": lambda: key(KeyState.CURRENT),
    "a next key": lambda: key(KeyState.NEXT),
}


def write(*rows: Base) -> str:
    with unit_of_work() as session:
        session.add_all(rows)
    return "written"


@pytest.mark.parametrize("what", ONCE)
def test_of_eight_racing_writers_one_succeeds(acme, what):
    outcomes = racing(acme, lambda: write(ONCE[what]()))
    assert outcomes.count("written") == 1
    assert sum(isinstance(one, IntegrityError) for one in outcomes) == RACERS - 1


def test_another_issuer_subject_or_provider_is_another_identity(acme):
    write(new_provider("google"))
    assert write(link(), link(issuer="https://okta.example/"), link(subject="00U1"), link(provider="google"))


def test_an_address_that_is_nobodys_may_stand_many_times(acme):
    assert write(somebody(), somebody(held=False), somebody(held=False))


def test_a_platform_id_may_stand_in_every_account_and_be_unknown_of_many(acme):
    write(new_account("globex"))
    everyone = [known_there(), somebody("lee@globex.example", account="globex", platform_id="gen-1")]
    assert write(*everyone, somebody("a@acme.example"), somebody("b@acme.example"))


def test_an_identity_may_collide_with_several_people_and_a_person_with_several_identities(acme):
    write(new_user("robin"))
    numbered = [new_link_request(f"request-{next(numbers)}", **one) for one in COLLISIONS]
    assert write(*numbered)


def test_an_address_may_stand_in_every_account(acme):
    write(new_account("globex"))
    assert write(somebody(), somebody(account="globex"))


def test_a_look_alike_is_another_address(acme):
    assert write(somebody("kim@acme.example.evil.example"), somebody("k\u0131m@acme.example"))


def test_every_algorithm_has_keys_of_its_own_and_many_may_be_retired(acme):
    assert write(
        key(KeyState.CURRENT), key(KeyState.NEXT), key(KeyState.CURRENT, alg="RS256"), key(KeyState.NEXT, alg="RS256")
    )
    assert write(key(KeyState.RETIRED), key(KeyState.RETIRED), key(KeyState.REVOKED), key(KeyState.REVOKED))


def test_every_use_has_keys_of_its_own(acme):
    assert write(*(key(state, use=use) for state in (KeyState.CURRENT, KeyState.NEXT) for use in ("oauth", "session")))
