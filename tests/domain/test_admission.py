"""Who may enter, and which reason counts when several speak against it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.domain.admission import Applicant, decide
from idp.domain.errors import Refusal
from idp.domain.role_mapping import RoleRules, derive
from idp.domain.upstream_identity import RoleEvidence

KNOWN = Applicant(account_enabled=True, known=True, user_enabled=True, address_taken=False)
NEW = replace(KNOWN, known=False)
EASY = RoleRules(role_map={}, ceiling=None, role_based_iam=True, require_roles=False)
STRICT = replace(EASY, require_roles=True)
STRICT_OURS = replace(STRICT, role_based_iam=False)


@pytest.mark.parametrize(
    ("applicant", "rules", "brought", "expected"),
    [
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
        (replace(NEW, address_taken=True), EASY, ["deepdesk.manager"], Refusal.ADDRESS_TAKEN),
        (replace(KNOWN, address_taken=True), EASY, [], None),
        (replace(NEW, account_enabled=False, address_taken=True), STRICT, [], Refusal.ACCOUNT_DISABLED),
        (replace(NEW, address_taken=True), STRICT, [], Refusal.NO_VALID_ROLE),
    ],
)
def test_admission(applicant, rules, brought, expected):
    derivation = derive(RoleEvidence(claim="roles", values=tuple(brought)), rules, ours=())
    assert decide(applicant, derivation, rules) is expected
