"""CONTRACT §6 rule 6: when an upstream vouches for an address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.vouching import by_entra, by_google, by_operator, by_verified_claim

KIM = "kim@acme.example"
NOT_TRUE = [False, None, "true", "True", "false", 1, 0, "", [True], {"verified": True}]


def test_a_verified_claim_vouches():
    assert by_verified_claim(KIM, claim="email", email_verified=True)


@pytest.mark.parametrize("said", NOT_TRUE)
def test_anything_but_the_value_true_vouches_for_nothing(said):
    assert not by_verified_claim(KIM, claim="email", email_verified=said)
    assert not by_google(KIM, claim="email", email_verified=said, hosted_domain="acme.example")


@pytest.mark.parametrize("claim", ["upn", "preferred_username", "Email", "contact.email", "emails", ""])
def test_it_vouches_for_the_claim_email_alone(claim):
    assert not by_verified_claim(KIM, claim=claim, email_verified=True)
    assert not by_google(KIM, claim=claim, email_verified=True, hosted_domain="acme.example")
    assert not by_entra(KIM, claim=claim, xms_edov=True)


@pytest.mark.parametrize(
    ("email", "hosted_domain", "vouched"),
    [
        (KIM, "acme.example", True),
        (KIM, None, False),
        ("kim@gmail.com", None, True),
        ("Kim@Gmail.COM", None, True),
        ("kim@gmail.com.evil.example", None, False),
        ("kim@notgmail.com", None, False),
        ("kim@googlemail.com", None, False),
        ("kim@gma\u0131l.com", None, False),
        ("kim@\uff47mail.com", None, False),
        (None, "acme.example", False),
    ],
)
def test_google_vouches_where_it_hosts_the_mailbox(email, hosted_domain, vouched):
    assert by_google(email, claim="email", email_verified=True, hosted_domain=hosted_domain) is vouched


@pytest.mark.parametrize("said", [True, 1, "1", "true", "True"])
def test_entra_says_yes_in_several_ways(said):
    assert by_entra(KIM, claim="email", xms_edov=said)


@pytest.mark.parametrize("said", [None, False, 0, 2, "", "0", "false", "yes", "\uff11", [1], {"1": 1}])
def test_entra_says_no_or_nothing(said):
    assert not by_entra(KIM, claim="email", xms_edov=said)


@pytest.mark.parametrize(
    ("claim", "own_claim", "trusted", "vouched"),
    [
        ("email", "email", True, True),
        ("contact.email", "contact.email", True, True),
        ("email", "email", False, False),
        ("upn", "email", True, False),
        ("email", "contact.email", True, False),
    ],
)
def test_an_operator_vouches_for_the_kinds_own_claim(claim, own_claim, trusted, vouched):
    assert by_operator(KIM, claim=claim, own_claim=own_claim, trusted=trusted) is vouched


@given(
    said=st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    hosted_domain=st.none() | st.text(max_size=5),
    trusted=st.booleans(),
)
def test_no_address_is_never_vouched_for(said, hosted_domain, trusted):
    assert not by_verified_claim(None, claim="email", email_verified=said)
    assert not by_google(None, claim="email", email_verified=said, hosted_domain=hosted_domain)
    assert not by_entra(None, claim="email", xms_edov=said)
    assert not by_operator(None, claim="email", own_claim="email", trusted=trusted)
