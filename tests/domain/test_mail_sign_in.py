"""Who is mailed what: every combination of what can be known of an address has its one answer."""

from __future__ import annotations

from itertools import product

import pytest

from idp.domain.mail_sign_in import MOST_LIVE, Answer, Asker, Holder, MagicLinks, answer, may_enter

NOBODY = None
FREE = Holder(enabled=True, is_linked=False)
LINKED = Holder(enabled=True, is_linked=True)
DISABLED = Holder(enabled=False, is_linked=False)
DISABLED_AND_LINKED = Holder(enabled=False, is_linked=True)
HOLDERS = (NOBODY, FREE, LINKED, DISABLED, DISABLED_AND_LINKED)
OFF, UNLINKED, ALL = MagicLinks.OFF, MagicLinks.UNLINKED, MagicLinks.ALL
EVERY = [
    Asker(policy=policy, staff_address=staff_address, holder=holder, may_ask=may_ask, denied=denied, live=live)
    for policy, staff_address, holder, may_ask, denied, live in product(
        MagicLinks, (False, True), HOLDERS, (False, True), (False, True), (0, MOST_LIVE - 1, MOST_LIVE, MOST_LIVE + 1)
    )
]
ANSWERS: dict[tuple[MagicLinks, Holder], Answer] = {
    (UNLINKED, FREE): Answer.LINK,
    (UNLINKED, LINKED): Answer.SINGLE_SIGN_ON,
    (UNLINKED, DISABLED): Answer.DISABLED,
    (UNLINKED, DISABLED_AND_LINKED): Answer.DISABLED,
    (ALL, FREE): Answer.LINK,
    (ALL, LINKED): Answer.LINK,
    (ALL, DISABLED): Answer.DISABLED,
    (ALL, DISABLED_AND_LINKED): Answer.DISABLED,
}
"""What whoever holds the address is mailed."""


def expected(asker: Asker) -> Answer:
    """Say what the rules amount to, by a table instead of an order of checks."""
    quiet = asker.policy is OFF or asker.live >= MOST_LIVE
    of_strangers = {
        (False, False): Answer.NOTHING,
        (False, True): Answer.NOTHING,
        (True, False): Answer.QUESTION,
        (True, True): Answer.DENIED,
    }
    if quiet:
        return Answer.NOTHING
    if asker.staff_address:
        return Answer.STAFF
    return of_strangers[asker.may_ask, asker.denied] if asker.holder is None else ANSWERS[asker.policy, asker.holder]


def test_every_combination_of_facts_has_its_answer():
    assert len(EVERY) == 480
    assert {asker: answer(asker) for asker in EVERY} == {asker: expected(asker) for asker in EVERY}


def test_every_answer_is_given_to_somebody():
    assert {answer(asker) for asker in EVERY} == set(Answer)


def test_a_link_goes_only_to_whoever_may_enter_by_it():
    for asker in EVERY:
        if answer(asker) is Answer.LINK:
            assert asker.holder is not None
            assert may_enter(asker.policy, asker.holder)
            assert not asker.staff_address


def test_whoever_holds_the_address_is_never_asked_whether_they_want_access():
    known = {answer(asker) for asker in EVERY if asker.holder is not None}
    unknown = {answer(asker) for asker in EVERY if asker.holder is None}
    assert known & unknown == {Answer.NOTHING, Answer.STAFF}


@pytest.mark.parametrize(
    ("policy", "holder", "may"),
    [
        *((policy, holder, False) for policy in MagicLinks for holder in (DISABLED, DISABLED_AND_LINKED)),
        (OFF, FREE, False),
        (OFF, LINKED, False),
        (UNLINKED, FREE, True),
        (UNLINKED, LINKED, False),
        (ALL, FREE, True),
        (ALL, LINKED, True),
    ],
)
def test_the_account_and_the_person_decide_whether_mail_is_a_way_in(policy, holder, may):
    assert may_enter(policy, holder) is may
