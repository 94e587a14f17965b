"""Who may enter, and which reason counts when several speak against it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.admission import Applicant, decide
from idp.domain.errors import Refusal
from idp.domain.linking import Match
from idp.domain.role_mapping import RoleRules, derive
from idp.domain.upstream_identity import RoleEvidence

KNOWN = Applicant(account_enabled=True, match=Match.KNOWN, user_enabled=True, staff_address=False, trial=False)
NEW = replace(KNOWN, match=Match.NEW)
TAKEN = replace(KNOWN, match=Refusal.ADDRESS_TAKEN)
EASY = RoleRules(role_map={}, ceiling=None, role_based_iam=True, require_roles=False)
STRICT = replace(EASY, require_roles=True)
STRICT_OURS = replace(STRICT, role_based_iam=False)
CASES = [
    (KNOWN, EASY, [], None),
    (NEW, EASY, [], None),
    (NEW, STRICT, ["deepdesk.agent"], None),
    (KNOWN, STRICT, [], Refusal.NO_VALID_ROLE),
    (NEW, STRICT, ["admin"], Refusal.NO_VALID_ROLE),
    (KNOWN, STRICT_OURS, [], Refusal.NO_VALID_ROLE),
    (KNOWN, STRICT_OURS, ["deepdesk.agent"], None),
    (replace(KNOWN, user_enabled=False), EASY, ["deepdesk.manager"], Refusal.USER_DISABLED),
    (replace(KNOWN, account_enabled=False), EASY, ["deepdesk.manager"], Refusal.ACCOUNT_DISABLED),
    (replace(NEW, account_enabled=False), EASY, [], Refusal.ACCOUNT_DISABLED),
    (TAKEN, EASY, ["deepdesk.manager"], Refusal.ADDRESS_TAKEN),
    (replace(TAKEN, match=Refusal.PROOF_NEEDED), EASY, [], Refusal.PROOF_NEEDED),
    (replace(TAKEN, match=Refusal.LINK_DENIED), EASY, [], Refusal.LINK_DENIED),
    (replace(TAKEN, account_enabled=False), STRICT, [], Refusal.ACCOUNT_DISABLED),
    (TAKEN, STRICT, [], Refusal.NO_VALID_ROLE),
    (replace(KNOWN, staff_address=True), EASY, ["deepdesk.manager"], Refusal.STAFF_ADDRESS),
    (replace(NEW, staff_address=True), EASY, [], Refusal.STAFF_ADDRESS),
    (replace(TAKEN, staff_address=True), EASY, [], Refusal.STAFF_ADDRESS),
    (replace(NEW, staff_address=True, account_enabled=False), EASY, [], Refusal.ACCOUNT_DISABLED),
    (replace(KNOWN, staff_address=True, user_enabled=False), EASY, [], Refusal.STAFF_ADDRESS),
    (replace(NEW, trial=True), EASY, ["deepdesk.manager"], Refusal.NOT_ON_TRIAL),
    (replace(NEW, trial=True), STRICT, [], Refusal.NO_VALID_ROLE),
    (replace(TAKEN, trial=True), EASY, [], Refusal.ADDRESS_TAKEN),
]


@pytest.mark.parametrize(("applicant", "rules", "brought", "expected"), CASES)
def test_admission(applicant, rules, brought, expected):
    derivation = derive(RoleEvidence(claim="roles", values=tuple(brought)), rules, ours=())
    assert decide(applicant, derivation, rules) is expected


@pytest.mark.parametrize("match", [one for one in Match if one is not Match.NEW])
def test_on_trial_everybody_whom_the_account_knows_may_enter(match):
    derivation = derive(RoleEvidence(claim="roles"), EASY, ours=())
    assert decide(replace(KNOWN, trial=True, match=match), derivation, EASY) is None


@given(
    applicant=st.builds(
        Applicant,
        account_enabled=st.booleans(),
        match=st.sampled_from([*Match, Refusal.ADDRESS_TAKEN, Refusal.PROOF_NEEDED, Refusal.LINK_DENIED]),
        user_enabled=st.booleans(),
        staff_address=st.booleans(),
        trial=st.booleans(),
    ),
    values=st.lists(st.sampled_from(["deepdesk.agent", "deepdesk.manager", "admin"])),
    rules=st.sampled_from([EASY, STRICT, STRICT_OURS]),
)
def test_whoever_enters_met_every_condition(applicant, values, rules):
    derivation = derive(RoleEvidence(claim="roles", values=tuple(values)), rules, ours=())
    enters = decide(applicant, derivation, rules) is None
    brings_a_role = any(value.startswith("deepdesk.") for value in values)
    assert enters is (
        applicant.account_enabled
        and applicant.user_enabled
        and not applicant.staff_address
        and isinstance(applicant.match, Match)
        and not (applicant.trial and applicant.match is Match.NEW)
        and (brings_a_role or not rules.require_roles)
    )
