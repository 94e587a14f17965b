"""What every connector promises, whatever kind of upstream it speaks to.

A kind's suite subclasses and supplies the fixtures; there are no exemptions.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.domain.errors import DomainError, UpstreamRefused, UpstreamUnavailable, UpstreamUntrusted
from idp.domain.upstream_identity import UpstreamIdentity
from idp.sandbox.platform import PEOPLE, Fault
from idp.upstream.connector import Callback, Connector, Handoff, Hints

REDIRECT_URI = "http://127.0.0.1:8000/oauth/callback/a-part-of-its-own/"
HASTY_SECONDS = 0.5
PERSON = {person.key: person for person in PEOPLE}


@dataclass(frozen=True)
class Departure:
    """A browser that was sent to the upstream."""

    handoff: Handoff
    state: str

    @property
    def sent(self) -> dict[str, str]:
        """The parameters in the address, each once."""
        found = parse_qs(urlsplit(self.handoff.url).query, keep_blank_values=True)
        assert all(len(values) == 1 for values in found.values())
        return {name: values[0] for name, values in found.items()}


def depart(connector: Connector, *, state: str = "a-state", hints: Hints | None = None) -> Departure:
    """Start a sign-in."""
    handoff = connector.start(redirect_uri=REDIRECT_URI, state=state, hints=hints or Hints())
    return Departure(handoff, state)


def arrive(
    connector: Connector, departure: Departure, params: dict[str, str], *, now: datetime | None = None
) -> UpstreamIdentity:
    """Finish a sign-in with the callback's ``params``, once its state was compared as the caller has to."""
    assert params["state"] == departure.state
    callback = Callback(params=params, redirect_uri=REDIRECT_URI, remembered=departure.handoff.remember)
    return connector.finish(callback, now=now or datetime.now(UTC))


def sign_in(
    connector: Connector, upstream: Any, person: str = "manager", *, now: datetime | None = None
) -> UpstreamIdentity:
    """Go there and come back."""
    departure = depart(connector)
    return arrive(connector, departure, upstream.approve(departure.handoff.url, person), now=now)


class ConnectorContract:
    """The promises."""

    @pytest.fixture
    def upstream(self) -> Any:
        """A running upstream with ``approve``, ``fault`` and the sandbox's people."""
        raise NotImplementedError

    @pytest.fixture
    def connector(self, upstream: Any) -> Connector:
        """A connector to it, without anything remembered from before."""
        raise NotImplementedError

    @pytest.fixture
    def hasty_connector(self, upstream: Any) -> Connector:
        """The same, giving up after ``HASTY_SECONDS``."""
        raise NotImplementedError

    @pytest.fixture
    def stranded_connector(self) -> Connector:
        """A connector whose upstream is not running."""
        raise NotImplementedError

    def test_each_start_is_unlinkable(self, connector):
        one, other = depart(connector, state="one"), depart(connector, state="other")
        same = {name for name in one.sent if one.sent[name] == other.sent[name]}
        assert not same & {"state", "nonce", "code_challenge"}
        assert not set(one.handoff.remember.values()) & set(other.handoff.remember.values())

    def test_the_state_is_passed_on_and_comes_back(self, connector, upstream):
        departure = depart(connector, state="s t/&=é")
        assert departure.sent["state"] == "s t/&=é"
        assert upstream.approve(departure.handoff.url)["state"] == "s t/&=é"

    def test_what_is_remembered_stays_here(self, connector):
        """Apart from the nonce, which travels in the address because it has to come back in the token."""
        departure = depart(connector)
        kept = [value for name, value in departure.handoff.remember.items() if name not in departure.sent]
        assert kept
        assert not [value for value in kept if value in f"{departure.handoff.url} {departure.handoff!r}"]

    def test_a_sign_in_says_who_it_was(self, connector, upstream):
        identity = sign_in(connector, upstream, "manager")
        person = PERSON["manager"]
        assert identity.issuer == upstream.issuer
        assert identity.subject == person.subject
        assert (identity.email, identity.email_vouched) == (person.email, True)
        assert (identity.given_name, identity.family_name) == (person.given_name, person.family_name)
        assert identity.roles.values == ("deepdesk.manager",)

    def test_a_person_is_the_same_subject_every_time(self, connector, upstream):
        first, second = (sign_in(connector, upstream, "agent").subject for _ in range(2))
        assert first == second != sign_in(connector, upstream, "editor").subject

    def test_a_person_without_roles_brings_none(self, connector, upstream):
        assert sign_in(connector, upstream, "no-role").roles.values == ()

    def test_an_unverified_email_is_reported_unverified(self, connector, upstream):
        identity = sign_in(connector, upstream, "unverified")
        assert identity.email == PERSON["unverified"].email
        assert not identity.email_vouched

    def test_nobody_proved_who_they_are_in_the_future(self, connector, upstream):
        now = datetime.now(UTC)
        assert sign_in(connector, upstream, now=now).authenticated_at <= now

    def test_a_refusal_is_refused(self, connector, upstream):
        upstream.fault = Fault.REFUSAL
        with pytest.raises(UpstreamRefused):
            sign_in(connector, upstream)

    def test_an_answer_meant_for_another_start_is_untrusted(self, connector, upstream):
        mine, foreign = depart(connector), depart(connector)
        with pytest.raises(UpstreamUntrusted):
            arrive(connector, mine, upstream.approve(foreign.handoff.url))

    def test_an_answer_used_twice_is_untrusted(self, connector, upstream):
        departure = depart(connector)
        params = upstream.approve(departure.handoff.url)
        arrive(connector, departure, params)
        with pytest.raises(UpstreamUntrusted):
            arrive(connector, departure, params)

    def test_an_answer_without_code_and_error_is_untrusted(self, connector, upstream):
        departure = depart(connector)
        params = upstream.approve(departure.handoff.url)
        del params["code"]
        with pytest.raises(UpstreamUntrusted):
            arrive(connector, departure, params)

    def test_a_slow_provider_is_unavailable_within_the_timeout(self, hasty_connector, upstream):
        upstream.fault = Fault.SLOW
        departure = depart(hasty_connector)
        params = upstream.approve(departure.handoff.url)
        started = time.monotonic()
        with pytest.raises(UpstreamUnavailable):
            arrive(hasty_connector, departure, params)
        assert HASTY_SECONDS * 0.9 < time.monotonic() - started < HASTY_SECONDS + 1

    @pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.HTML, Fault.HUGE], ids=lambda fault: fault.key)
    def test_a_broken_answer_is_unavailable(self, connector, upstream, fault):
        upstream.fault = fault
        with pytest.raises(UpstreamUnavailable):
            sign_in(connector, upstream)

    def test_a_sleeping_upstream_is_unavailable_only_when_needed(self, stranded_connector):
        with pytest.raises(UpstreamUnavailable):
            sign_in(stranded_connector, None)

    def test_a_healthy_upstream_passes_the_check(self, connector):
        assert connector.check() == ()

    def test_the_check_of_a_sleeping_upstream_says_so_in_one_sentence(self, stranded_connector):
        (problem,) = stranded_connector.check()
        assert problem[0].isupper()
        assert problem.endswith(".")

    @pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.HTML, Fault.REFUSAL], ids=lambda fault: fault.key)
    def test_an_error_carries_no_secret(self, connector, upstream, fault):
        upstream.fault = fault
        departure = depart(connector)
        params = upstream.approve(departure.handoff.url)
        with pytest.raises(DomainError) as caught:
            arrive(connector, departure, params)
        said = f"{caught.value} {dict(caught.value.evidence)}"
        secrets = [upstream.client_secret, params.get("code"), *departure.handoff.remember.values()]
        assert not [secret for secret in secrets if secret and secret in said]
