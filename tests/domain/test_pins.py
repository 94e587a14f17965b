"""CONTRACT §6 rule 5: from which organisation people may come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.pins import admits_hosted_domain, admits_tenant

TENANT = "3b0c6a52-7a3f-4d7e-9f5e-2a51c0de0001"


@pytest.mark.parametrize(
    ("found", "pinned", "admitted"),
    [
        (TENANT, [TENANT], True),
        (TENANT, ["another", TENANT], True),
        (TENANT, [], False),
        (TENANT, ["another"], False),
        (TENANT.upper(), [TENANT], False),
        (f"{TENANT} ", [TENANT], False),
        (TENANT[:-1], [TENANT], False),
        ("", [TENANT], False),
        (None, [TENANT], False),
        (None, [], False),
    ],
)
def test_a_tenant_is_admitted_to_the_letter(found, pinned, admitted):
    assert admits_tenant(found, pinned) is admitted


@pytest.mark.parametrize(
    ("found", "pinned", "any_account", "admitted"),
    [
        ("deepdesk.example", ["deepdesk.example"], False, True),
        ("deepdesk.example", ["other.example"], False, False),
        ("mail.deepdesk.example", ["deepdesk.example"], False, False),
        ("evildeepdesk.example", ["deepdesk.example"], False, False),
        ("", ["deepdesk.example"], False, False),
        (None, ["deepdesk.example"], False, False),
        (None, [], False, False),
        ("deepdesk.example", [], False, False),
        (None, [], True, True),
        ("other.example", [], True, True),
    ],
)
def test_a_hosted_domain_is_a_claim_that_must_be_there(found, pinned, any_account, admitted):
    assert admits_hosted_domain(found, pinned, any_account=any_account) is admitted


@given(st.none() | st.text(max_size=5))
def test_no_pin_admits_nobody(found):
    assert not admits_tenant(found, ())
    assert not admits_hosted_domain(found, (), any_account=False)
