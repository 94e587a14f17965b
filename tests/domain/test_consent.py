"""What a service learns, in steps that a person can tell apart, and whether that was allowed before."""

from __future__ import annotations

import pytest

from idp.domain.consent import OF_CLAIM, OF_EVERY_TOKEN, OF_SCOPE, Disclosure, covers, disclosures
from idp.domain.scope import Scope

ALL = Disclosure


def test_every_scope_has_its_words() -> None:
    assert OF_SCOPE.keys() == set(Scope)


def test_every_token_of_the_profile_deepdesk_says_all_that_claims_can_say_but_permissions() -> None:
    assert set(OF_CLAIM.values()) == OF_EVERY_TOKEN | {Disclosure.PERMISSIONS}
    assert Disclosure.PERMISSIONS not in OF_EVERY_TOKEN


@pytest.mark.parametrize(
    ("scope", "asked", "learnt"),
    [
        ((), (), [ALL.IDENTIFIER]),
        ((Scope.OPENID,), (), [ALL.IDENTIFIER]),
        ((Scope.OFFLINE_ACCESS, Scope.PROFILE), (), [ALL.IDENTIFIER, ALL.NAME, ALL.LANGUAGE, ALL.OFFLINE]),
        ((Scope.OPENID,), ("preferred_username",), [ALL.IDENTIFIER, ALL.EMAIL]),
        ((Scope.ROLES,), ("roles", "staff"), [ALL.IDENTIFIER, ALL.ROLES]),
        ((), ("shoe_size", "sub", ""), [ALL.IDENTIFIER]),
    ],
)
def test_what_is_learnt_is_told_once_and_in_order(
    scope: tuple[Scope, ...], asked: tuple[str, ...], learnt: list[Disclosure]
) -> None:
    assert list(disclosures(scope, asked)) == learnt


def test_what_is_learnt_without_being_asked_for_is_told_too() -> None:
    learnt = disclosures([Scope.OPENID], [], besides=OF_EVERY_TOKEN)
    assert learnt == (ALL.IDENTIFIER, ALL.NAME, ALL.EMAIL, ALL.LANGUAGE, ALL.ROLES)


@pytest.mark.parametrize(
    ("allowed", "wanted", "enough"),
    [
        ([ALL.IDENTIFIER, ALL.NAME], [ALL.IDENTIFIER], True),
        ([ALL.IDENTIFIER, ALL.NAME], [ALL.NAME, ALL.IDENTIFIER], True),
        ([ALL.IDENTIFIER, ALL.NAME], [ALL.IDENTIFIER, ALL.EMAIL], False),
        ([], [ALL.IDENTIFIER], False),
    ],
)
def test_more_than_was_allowed_is_not_covered(
    allowed: list[Disclosure], wanted: list[Disclosure], enough: bool
) -> None:
    assert covers(allowed, wanted) is enough
