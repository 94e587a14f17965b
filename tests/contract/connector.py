"""What every connector promises, whatever kind of upstream it speaks to.

A kind's suite subclasses and supplies the fixtures; there are no exemptions.
What only some kinds can promise, because their vendors offer PKCE or ID tokens,
stands in a contract of its own.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.domain.clock import SystemClock
from idp.domain.errors import DomainError, UpstreamRefused, UpstreamUnavailable, UpstreamUntrusted
from idp.domain.upstream_identity import UpstreamIdentity
from idp.outbound.http import Answer, HttpClient
from idp.sandbox.platform import Fault, Person
from idp.upstream.connector import Callback, Connector, Handoff, Hints, ProviderConfig
from idp.upstream.documents import RENEWAL_INTERVAL
from idp.upstream.kinds import build
from idp.upstream.parts import UpstreamParts
from tests.outbound.servers import Speech, says, serving
from tests.support.clock import FrozenClock

REDIRECT_URI = "http://127.0.0.1:8000/oauth/callback/a-part-of-its-own/"
HASTY_SECONDS = 0.3
ONE_MINUTE = timedelta(minutes=1)
_ADDRESSES = ("issuer", "authorize_url", "token_url", "api_url", "userinfo_url")

Diversion = Callable[[str], ProviderConfig]
"""Gets an address and gives the configuration with which one call of a sign-in goes there."""


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


def moved(config: ProviderConfig, base: str) -> ProviderConfig:
    """Return the configuration with every address on another host."""
    new = urlsplit(base)
    set_ones = {name: urlsplit(getattr(config, name)) for name in _ADDRESSES if getattr(config, name)}
    return replace(
        config,
        **{name: old._replace(scheme=new.scheme, netloc=new.netloc).geturl() for name, old in set_ones.items()},
    )


def silence(connection: socket.socket, request: bytes) -> None:
    """Say nothing for longer than a hasty connector waits."""
    threading.Event().wait(HASTY_SECONDS * 1.5)


TROUBLES: Mapping[str, Speech] = {
    "slow": silence,
    "server-error": says(b'{"error": "server_error"}', status="500 Oops"),
    "html": says(b"<!doctype html><title>Down for maintenance</title>"),
    "huge": says(b'{"padding": "' + b"x" * (1024 * 1024) + b'"}'),
    "list": says(b"[]"),
    "too-often": says(b"{}", status="429 Slow down"),
}
"""What any endpoint may answer instead of what it should."""


def openid_calls(upstream: Any, config: ProviderConfig) -> dict[str, Diversion]:
    """Return the calls that every kind with ID tokens makes."""

    def changed(member: str) -> Diversion:
        def divert(address: str) -> ProviderConfig:
            upstream.state.metadata_changes = {member: f"{address}/"}
            return config

        return divert

    return {
        "discovery": lambda address: moved(config, address),
        "keys": changed("jwks_uri"),
        "token": changed("token_endpoint"),
        "userinfo": changed("userinfo_endpoint"),
    }


class HastyTowards:
    """An HTTP client that gives up early at one address, and has patience elsewhere: a busy machine is no trouble."""

    def __init__(self, address: str, hasty: HttpClient, patient: HttpClient) -> None:
        self._address, self._hasty, self._patient = address, hasty, patient

    def __getattr__(self, name: str) -> Callable[..., Answer]:
        def call(url: str, *given: Any, **named: Any) -> Answer:
            client = self._hasty if url.startswith(self._address) else self._patient
            answer: Answer = getattr(client, name)(url, *given, **named)
            return answer

        return call


def told(connector: Connector) -> tuple[str, ...]:
    """What looking at the upstream finds out, in sentences."""
    return tuple(one.what for one in connector.check(redirect_uri=REDIRECT_URI))


class ConnectorContract:
    """The promises of all kinds.

    ``person`` and ``colleague`` are two of the upstream's people, the first with
    ``roles`` and, where ``vouches``, an address that the upstream vouches for.
    """

    person = "manager"
    colleague = "agent"
    roles: tuple[str, ...] = ("deepdesk.manager",)
    vouches = True

    @pytest.fixture
    def config(self, upstream: Any) -> ProviderConfig:
        """The configuration with which people of ``upstream`` sign in."""
        raise NotImplementedError

    @pytest.fixture
    def calls(self, upstream: Any, config: ProviderConfig) -> Mapping[str, Diversion]:
        """Every outgoing call of a sign-in as ``person``, by name; preparing the upstream so that it is made."""
        raise NotImplementedError

    def key_of(self, upstream: Any, person: Person) -> tuple[str, str]:
        """Return issuer and subject by which ``person`` is known."""
        return upstream.issuer, person.subject

    def without_roles(self, connector: Connector, upstream: Any) -> UpstreamIdentity:
        """Sign somebody in who has no role there."""
        return sign_in(connector, upstream, "no-role")

    def unvouched(self, connector: Connector, upstream: Any) -> UpstreamIdentity:
        """Sign somebody in whose address nobody verified."""
        return sign_in(connector, upstream, "unverified")

    @pytest.fixture
    def connector(self, config: ProviderConfig, parts: UpstreamParts) -> Connector:
        """A connector, without anything remembered from before."""
        return build(config, parts)

    @pytest.fixture
    def hasty_connector(self, config: ProviderConfig, hasty_parts: UpstreamParts) -> Connector:
        """The same, giving up after ``HASTY_SECONDS``."""
        return build(config, hasty_parts)

    @pytest.fixture
    def stranded_connector(self, config: ProviderConfig, parts: UpstreamParts) -> Connector:
        """A connector whose upstream is not running."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        return build(moved(config, f"http://127.0.0.1:{port}"), parts)

    def test_each_start_is_unlinkable(self, connector):
        one, other = depart(connector, state="one"), depart(connector, state="other")
        same = {name for name in one.sent if one.sent[name] == other.sent[name]}
        assert not same & {"state", "nonce", "code_challenge"}
        assert not set(one.handoff.remember.values()) & set(other.handoff.remember.values())

    def test_the_departure_asks_for_a_code_for_us(self, connector, config):
        sent = depart(connector).sent
        assert (sent["response_type"], sent["client_id"]) == ("code", config.client_id)
        assert sent["redirect_uri"] == REDIRECT_URI
        assert config.client_secret not in sent.values()
        assert "" not in sent.values()

    def test_the_state_is_passed_on_and_comes_back(self, connector, upstream):
        departure = depart(connector, state="s t/&=é")
        assert departure.sent["state"] == "s t/&=é"
        assert upstream.approve(departure.handoff.url, self.person)["state"] == "s t/&=é"

    def test_a_sign_in_says_who_it_was(self, connector, upstream):
        identity = sign_in(connector, upstream, self.person)
        person = upstream.state.people[self.person]
        assert (identity.issuer, identity.subject) == self.key_of(upstream, person)
        assert (identity.email, identity.email_vouched) == (person.email, self.vouches)
        assert (identity.name or f"{identity.given_name} {identity.family_name}") == person.name
        assert identity.roles.values == self.roles

    def test_the_explanation_holds_what_was_looked_at(self, connector, upstream, config):
        identity = sign_in(connector, upstream, self.person)
        assert identity.claims[config.email_claim] == identity.email
        assert identity.claims.get(identity.roles.claim, []) == list(identity.roles.values)
        assert identity.subject in identity.claims.values()
        assert identity.organisation is None or identity.organisation in identity.claims.values()

    def test_a_person_is_the_same_subject_every_time(self, connector, upstream):
        first, second = (sign_in(connector, upstream, self.person).subject for _ in range(2))
        assert first == second != sign_in(connector, upstream, self.colleague).subject

    def test_a_person_without_roles_brings_none(self, connector, upstream):
        assert self.without_roles(connector, upstream).roles.values == ()

    def test_an_unverified_email_is_reported_unverified(self, connector, upstream):
        identity = self.unvouched(connector, upstream)
        assert identity.email
        assert not identity.email_vouched

    def test_nobody_proved_who_they_are_in_the_future(self, connector, upstream):
        now = datetime.now(UTC)
        assert sign_in(connector, upstream, self.person, now=now).authenticated_at <= now

    def test_a_refusal_is_refused(self, connector, upstream):
        upstream.fault = Fault.REFUSAL
        with pytest.raises(UpstreamRefused):
            sign_in(connector, upstream, self.person)

    def test_an_answer_used_twice_is_untrusted(self, connector, upstream):
        departure = depart(connector)
        params = upstream.approve(departure.handoff.url, self.person)
        arrive(connector, departure, params)
        with pytest.raises(UpstreamUntrusted):
            arrive(connector, departure, params)

    def test_an_answer_without_code_and_error_is_untrusted(self, connector, upstream):
        departure = depart(connector)
        params = upstream.approve(departure.handoff.url, self.person)
        del params["code"]
        with pytest.raises(UpstreamUntrusted):
            arrive(connector, departure, params)

    def test_a_wrong_secret_is_untrusted_and_only_the_code_is_kept(self, config, parts, upstream):
        with pytest.raises(UpstreamUntrusted) as caught:
            sign_in(build(replace(config, client_secret="a wrong one"), parts), upstream, self.person)
        assert caught.value.evidence == {"error": "invalid_client", "endpoint": "token", "status": 401}

    def test_a_slow_provider_is_unavailable_within_the_timeout(self, hasty_connector, upstream):
        upstream.fault = Fault.SLOW
        departure = depart(hasty_connector)
        params = upstream.approve(departure.handoff.url, self.person)
        started = time.monotonic()
        with pytest.raises(UpstreamUnavailable):
            arrive(hasty_connector, departure, params)
        assert HASTY_SECONDS * 0.9 < time.monotonic() - started < HASTY_SECONDS + 1

    @pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.HTML, Fault.HUGE], ids=lambda fault: fault.key)
    def test_a_broken_answer_is_unavailable(self, connector, upstream, fault):
        upstream.fault = fault
        with pytest.raises(UpstreamUnavailable):
            sign_in(connector, upstream, self.person)

    @pytest.mark.parametrize("trouble", TROUBLES)
    def test_trouble_at_any_call_is_unavailable(self, calls, http, hasty_http, upstream, trouble):
        for what, divert in calls.items():
            upstream.state.metadata_changes = {}
            with serving(TROUBLES[trouble]) as server:
                towards = HastyTowards(server.url(""), hasty_http, http)
                connector = build(divert(server.url("")), UpstreamParts.of(towards, SystemClock()))
                try:
                    sign_in(connector, upstream, self.person)
                except UpstreamUnavailable:
                    assert server.requests, f"{what} was not asked for"
                    continue
                pytest.fail(f"{trouble} at {what} went unnoticed")

    def test_a_sleeping_upstream_is_unavailable_only_when_needed(self, stranded_connector, config, parts, upstream):
        params = upstream.approve(depart(build(config, parts)).handoff.url, self.person)

        def go_and_return() -> None:
            arrive(stranded_connector, depart(stranded_connector), params)

        with pytest.raises(UpstreamUnavailable):
            go_and_return()

    def test_a_healthy_upstream_passes_the_check(self, connector):
        assert told(connector) == ()

    def test_the_check_of_a_sleeping_upstream_says_so_in_one_sentence(self, stranded_connector):
        (problem,) = told(stranded_connector)
        assert problem[0].isupper() or problem[0].isdigit()
        assert problem.endswith(".")

    @pytest.mark.parametrize(("minutes", "words"), [(5, "ahead of"), (-5, "behind")])
    def test_the_check_compares_clocks(self, connector, upstream, minutes, words):
        upstream.state.clock_offset = minutes * ONE_MINUTE
        assert any(f"seconds {words} ours" in problem for problem in told(connector))

    @pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.HTML, Fault.REFUSAL], ids=lambda fault: fault.key)
    def test_an_error_carries_no_secret(self, connector, upstream, fault):
        upstream.fault = fault
        departure = depart(connector)
        params = upstream.approve(departure.handoff.url, self.person)
        with pytest.raises(DomainError) as caught:
            arrive(connector, departure, params)
        said = f"{caught.value} {dict(caught.value.evidence)}"
        secrets = [upstream.client_secret, params.get("code"), *departure.handoff.remember.values()]
        assert not [secret for secret in secrets if secret and secret in said]


class BoundContract:
    """The further promises of kinds whose vendors offer PKCE: an answer belongs to one departure."""

    person: str

    def test_what_is_remembered_stays_here(self, connector):
        """Apart from the nonce, which travels in the address because it has to come back in the token."""
        departure = depart(connector)
        kept = [value for name, value in departure.handoff.remember.items() if name not in departure.sent]
        assert kept
        assert not [value for value in kept if value in f"{departure.handoff.url} {departure.handoff!r}"]

    def test_an_answer_meant_for_another_start_is_untrusted(self, connector, upstream):
        mine, foreign = depart(connector), depart(connector)
        with pytest.raises(UpstreamUntrusted):
            arrive(connector, mine, upstream.approve(foreign.handoff.url, self.person))

    def test_an_answer_to_a_departure_that_kept_nothing_is_untrusted(self, connector, upstream):
        departure = depart(connector)
        params = upstream.approve(departure.handoff.url, self.person)
        empty = replace(departure, handoff=replace(departure.handoff, remember={}))
        with pytest.raises(UpstreamUntrusted):
            arrive(connector, empty, params)


class IdTokenContract(BoundContract):
    """The further promises of kinds with ID tokens: nothing but the provider's own signature is believed."""

    @pytest.mark.parametrize(
        "fault",
        [
            Fault.WRONG_NONCE,
            Fault.MISSING_NONCE,
            Fault.WRONG_ISSUER,
            Fault.WRONG_AUDIENCE,
            Fault.BAD_SIGNATURE,
            Fault.UNKNOWN_KEY,
            Fault.ALG_NONE,
            Fault.SHARED_SECRET,
            Fault.EXPIRED,
            Fault.WRONG_CALLBACK_ISS,
        ],
        ids=lambda fault: fault.key,
    )
    def test_a_failed_check_is_untrusted(self, connector, upstream, fault):
        upstream.fault = fault
        with pytest.raises(UpstreamUntrusted) as caught:
            sign_in(connector, upstream, self.person)
        assert type(caught.value) is UpstreamUntrusted
        assert caught.value.evidence["check"]

    def test_a_rotated_key_works_after_one_refetch(self, connector, upstream):
        sign_in(connector, upstream, self.person)
        upstream.fault = Fault.ROTATED_KEY
        assert sign_in(connector, upstream, self.person).subject

    @pytest.mark.parametrize("issuer", ["https://elsewhere.example", None, 1])
    def test_discovery_of_another_issuer_is_untrusted(self, connector, upstream, issuer):
        upstream.state.metadata_changes = {"issuer": issuer}
        with pytest.raises(UpstreamUntrusted):
            depart(connector)

    def test_discovery_that_was_corrected_counts_before_the_hour_is_over(self, config, http, upstream):
        clock = FrozenClock(datetime.now(UTC))
        connector = build(config, UpstreamParts.of(http, clock))
        upstream.state.metadata_changes = {"issuer": "https://elsewhere.example"}
        with pytest.raises(UpstreamUntrusted):
            depart(connector)
        upstream.state.metadata_changes = {}
        clock.advance(seconds=RENEWAL_INTERVAL.total_seconds())
        assert depart(connector)

    def test_the_check_names_both_issuers(self, connector, upstream, config):
        upstream.state.metadata_changes = {"issuer": "https://elsewhere.example"}
        (problem,) = told(connector)
        assert "'https://elsewhere.example'" in problem
        assert repr(config.issuer) in problem
