"""CONTRACT §6 rule 6: which user an upstream identity is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.errors import Refusal
from idp.domain.linking import Holder, Match, Meeting, match

AWAITING = Holder(has_signed_in=False, above_agent=False, is_here=False)
PRESENT = Holder(has_signed_in=True, above_agent=False, is_here=False)
HIGH = replace(PRESENT, above_agent=True)
ALONE = Meeting(known=False, awaited=False, holder=None, vouched=True, denied=False, link_by_email=False)
LINKING = replace(ALONE, link_by_email=True)
UNVOUCHED = replace(LINKING, vouched=False)

CASES = [
    (ALONE, Match.NEW),
    (UNVOUCHED, Match.NEW),
    (LINKING, Match.NEW),
    (replace(ALONE, denied=True), Match.NEW),
    (replace(ALONE, known=True), Match.KNOWN),
    (replace(UNVOUCHED, known=True, holder=PRESENT, denied=True), Match.KNOWN),
    (replace(ALONE, known=True, awaited=True), Match.KNOWN),
    (replace(ALONE, awaited=True), Match.AWAITED),
    (replace(UNVOUCHED, awaited=True, holder=PRESENT), Match.AWAITED),
    (replace(ALONE, holder=AWAITING), Match.CLAIMED),
    (replace(ALONE, holder=replace(AWAITING, above_agent=True)), Match.CLAIMED),
    (replace(LINKING, holder=AWAITING), Match.CLAIMED),
    (replace(UNVOUCHED, holder=AWAITING), Refusal.ADDRESS_TAKEN),
    (replace(ALONE, holder=PRESENT), Refusal.ADDRESS_TAKEN),
    (replace(ALONE, holder=replace(PRESENT, is_here=True)), Refusal.ADDRESS_TAKEN),
    (replace(LINKING, holder=PRESENT), Match.LINKED),
    (replace(LINKING, holder=replace(PRESENT, is_here=True)), Match.LINKED),
    (replace(LINKING, holder=HIGH), Refusal.PROOF_NEEDED),
    (replace(LINKING, holder=replace(HIGH, is_here=True)), Match.LINKED),
    (replace(ALONE, holder=replace(HIGH, is_here=True)), Refusal.ADDRESS_TAKEN),
    (replace(UNVOUCHED, holder=PRESENT), Refusal.ADDRESS_TAKEN),
    (replace(UNVOUCHED, holder=replace(HIGH, is_here=True)), Refusal.ADDRESS_TAKEN),
    (replace(ALONE, holder=AWAITING, denied=True), Refusal.LINK_DENIED),
    (replace(LINKING, holder=PRESENT, denied=True), Refusal.LINK_DENIED),
    (replace(LINKING, holder=replace(HIGH, is_here=True), denied=True), Refusal.LINK_DENIED),
    (replace(UNVOUCHED, holder=PRESENT, denied=True), Refusal.LINK_DENIED),
]


@pytest.mark.parametrize(("meeting", "expected"), CASES)
def test_a_meeting(meeting, expected):
    assert match(meeting) is expected


HOLDERS = st.builds(Holder, has_signed_in=st.booleans(), above_agent=st.booleans(), is_here=st.booleans())
MEETINGS = st.builds(
    Meeting,
    known=st.booleans(),
    awaited=st.booleans(),
    holder=st.none() | HOLDERS,
    vouched=st.booleans(),
    denied=st.booleans(),
    link_by_email=st.booleans(),
)


@given(MEETINGS)
def test_an_address_alone_never_finds_anybody_unless_it_is_vouched_for(meeting):
    found = match(replace(meeting, vouched=False))
    assert found not in {Match.CLAIMED, Match.LINKED}


@given(MEETINGS)
def test_an_address_that_somebody_holds_makes_nobody_new(meeting):
    if meeting.holder is not None:
        assert match(meeting) is not Match.NEW


@given(MEETINGS)
def test_nobody_who_signed_in_is_joined_unless_the_account_links_by_email(meeting):
    assert match(replace(meeting, link_by_email=False)) is not Match.LINKED


@given(MEETINGS)
def test_above_agent_nobody_is_joined_from_another_browser(meeting):
    if match(meeting) is Match.LINKED and meeting.holder.above_agent:
        assert meeting.holder.is_here


@given(MEETINGS)
def test_what_a_manager_denied_is_never_found_by_address(meeting):
    assert match(replace(meeting, denied=True)) not in {Match.CLAIMED, Match.LINKED}


@given(MEETINGS)
def test_managers_are_asked_only_where_somebody_holds_the_address(meeting):
    found = match(meeting)
    if isinstance(found, Refusal) and found.needs_a_decision:
        assert meeting.holder is not None
        assert not meeting.denied
