"""``idp doctor ACCOUNT`` names what is wrong with a provider, in a sentence with its mend.

The ten faults are those that customers' connections have: each is seeded at an
upstream that speaks HTTP, and the doctor has to name that one and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from idp.domain.context import Context
from idp.domain.errors import WrongOrganisation
from idp.sandbox.platform.kinds import ENTRA, GENESYS, OIDC, Kind
from idp.sandbox.platform.people import ENTRA_TENANT, GENESYS_ORGANISATION, GENESYS_OTHER_ORGANISATION
from idp.services.registry import providers
from idp.services.sign_in import record
from idp.store.unit_of_work import unit_of_work
from tests.cli.conftest import Operator
from tests.outbound.servers import Authority, says, serving
from tests.support.platform import CLIENT_ID, CLIENT_SECRET, RunningPlatform, running_platform

CALLBACK = "http://127.0.0.1:8000/oauth/callback/acme.up/"


@pytest.fixture(scope="module")
def platforms() -> Iterator[dict[str, RunningPlatform]]:
    with running_platform() as oidc, running_platform(kind=ENTRA) as entra, running_platform(kind=GENESYS) as genesys:
        yield {"oidc": oidc, "entra": entra, "genesys": genesys}


@pytest.fixture
def upstream(platforms: dict[str, RunningPlatform]) -> Callable[[Kind], RunningPlatform]:
    """A platform of a kind, all well."""

    def well(kind: Kind) -> RunningPlatform:
        running = platforms[kind.code]
        running.all_well()
        return running

    return well


def connect(operator: Operator, *options: str, kind: str = "oidc", secret: str = CLIENT_SECRET) -> None:
    """Connect acme to an upstream, at a provider that is in order itself."""
    operator.gets("init")
    words = ("providers", "create", "acme", "up", "--kind", kind, "--client-id", CLIENT_ID)
    operator.gets(*words, "--client-secret-file", "-", *options, stdin=secret)


def findings(operator: Operator) -> list[str]:
    """What the doctor calls broken at the provider; it exits 1 for that, and 0 where nothing is."""
    done = operator.types("doctor", "acme", "--json")
    broken = [row["finding"] for row in done.json if row["verdict"] == "broken"]
    assert done.exit_code == (1 if broken else 0)
    return broken


def the(operator: Operator) -> str:
    """The one thing that is broken."""
    [only] = findings(operator)
    return only


class TestAHealthyProvider:
    def test_has_nothing_wrong(self, operator: Operator, upstream: Callable[[Kind], RunningPlatform]) -> None:
        connect(operator, "--issuer", upstream(OIDC).base)
        assert findings(operator) == []

    def test_is_told_what_to_register_and_what_pins_it(
        self, operator: Operator, upstream: Callable[[Kind], RunningPlatform]
    ) -> None:
        connect(operator, "--issuer", upstream(OIDC).base)
        told = operator.types("doctor", "acme").out
        assert CALLBACK in told
        assert "may come" in told

    @pytest.mark.parametrize("kind", [ENTRA, GENESYS], ids=lambda kind: kind.code)
    def test_of_every_kind(self, operator: Operator, upstream: Callable[[Kind], RunningPlatform], kind: Kind) -> None:
        connect(operator, *at(upstream(kind)), kind=kind.code)
        assert findings(operator) == []


def at(running: RunningPlatform) -> tuple[str, ...]:
    """The options that lead to a simulated platform."""
    base = running.base
    if running.state.kind is ENTRA:
        return ("--issuer", f"{base}/{ENTRA_TENANT}/v2.0", "--tenant", ENTRA_TENANT)
    if running.state.kind is GENESYS:
        login = ("--authorize-url", f"{base}/oauth/authorize", "--token-url", f"{base}/oauth/token")
        return (*login, "--api-url", running.state.api_base, "--tenant", GENESYS_ORGANISATION)
    return ("--issuer", base)


class TestTenFaults:
    @pytest.mark.parametrize("kind", [OIDC, ENTRA, GENESYS], ids=lambda kind: kind.code)
    def test_1_a_wrong_secret(
        self, operator: Operator, upstream: Callable[[Kind], RunningPlatform], kind: Kind
    ) -> None:
        connect(operator, *at(upstream(kind)), kind=kind.code, secret="not the secret")
        told = the(operator)
        assert "client secret" in told
        assert "--client-secret-file" in told

    @pytest.mark.parametrize("kind", [OIDC, ENTRA, GENESYS], ids=lambda kind: kind.code)
    def test_2_a_redirect_uri_that_is_not_registered(
        self, operator: Operator, upstream: Callable[[Kind], RunningPlatform], kind: Kind
    ) -> None:
        running = upstream(kind)
        connect(operator, *at(running), kind=kind.code)
        running.state.strict_redirects = True
        told = the(operator)
        assert "redirect URI is not registered" in told
        assert f"Register exactly: {CALLBACK}" in told

    def test_3_an_expired_secret_as_the_provider_says(
        self, operator: Operator, upstream: Callable[[Kind], RunningPlatform]
    ) -> None:
        running = upstream(ENTRA)
        connect(operator, *at(running), kind="entra")
        running.state.secret_expired = True
        told = the(operator)
        assert "has expired" in told
        assert "--client-secret-expires" in told

    def test_3_an_expired_secret_as_somebody_noted(
        self, operator: Operator, upstream: Callable[[Kind], RunningPlatform]
    ) -> None:
        yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
        connect(operator, *at(upstream(OIDC)), "--client-secret-expires", yesterday)
        told = the(operator)
        assert f"has expired on {yesterday}" in told
        assert "idp providers update acme up --client-secret-file" in told

    def test_4_a_tenant_that_does_not_exist(
        self, operator: Operator, upstream: Callable[[Kind], RunningPlatform]
    ) -> None:
        tenant = "11111111-2222-3333-4444-555555555555"
        base = upstream(ENTRA).base
        connect(operator, "--issuer", f"{base}/{tenant}/v2.0", "--tenant", tenant, kind="entra")
        told = the(operator)
        assert f"does not know the tenant '{tenant}'" in told
        assert "--tenant" in told

    def test_4_an_organisation_that_is_not_the_customers(
        self, operator: Operator, upstream: Callable[[Kind], RunningPlatform]
    ) -> None:
        """Genesys Cloud names the organisation only once somebody comes: the doctor looks at who came."""
        connect(operator, *at(upstream(GENESYS)), kind="genesys")
        with operator.app.app_context(), unit_of_work() as session:
            stranger = WrongOrganisation("organization.id", GENESYS_OTHER_ORGANISATION, subject="someone")
            context = Context.of_operator("a-test", datetime.now(UTC))
            record.keep_stranger(session, providers.show("acme", "up"), stranger, context)
        told = the(operator)
        assert GENESYS_OTHER_ORGANISATION in told
        both = f"--tenant {GENESYS_ORGANISATION} --tenant {GENESYS_OTHER_ORGANISATION}"
        assert f"idp providers update acme up {both}" in told

    @pytest.mark.parametrize("kind", [OIDC, ENTRA, GENESYS], ids=lambda kind: kind.code)
    @pytest.mark.parametrize(("minutes", "words"), [(5, "ahead of"), (-5, "behind")])
    def test_5_a_clock_that_is_five_minutes_off(
        self, operator: Operator, upstream: Callable[[Kind], RunningPlatform], kind: Kind, minutes: int, words: str
    ) -> None:
        running = upstream(kind)
        connect(operator, *at(running), kind=kind.code)
        running.state.clock_offset = timedelta(minutes=minutes)
        told = findings(operator)
        assert told
        assert all(f"seconds {words} ours" in one and "Check both clocks" in one for one in told)

    def test_6_keys_that_cannot_be_had(self, operator: Operator, upstream: Callable[[Kind], RunningPlatform]) -> None:
        running = upstream(OIDC)
        connect(operator, *at(running))
        running.state.keys_broken = True
        told = the(operator)
        assert told.startswith(f"The keys at {running.base}/keys cannot be read")
        assert "until the provider mends that" in told

    def test_7_an_issuer_that_is_another(self, operator: Operator, upstream: Callable[[Kind], RunningPlatform]) -> None:
        running = upstream(OIDC)
        connect(operator, "--issuer", f"{running.base}/")
        told = the(operator)
        assert f"names the issuer {running.base!r}" in told
        assert "correct --issuer" in told

    def test_8_a_scope_that_is_not_granted(
        self, operator: Operator, upstream: Callable[[Kind], RunningPlatform]
    ) -> None:
        running = upstream(OIDC)
        connect(operator, *at(running), "--scope", "openid profile email groups")
        running.state.granted_scopes = frozenset({"openid", "profile", "email"})
        told = the(operator)
        assert "does not grant the scope 'openid profile email groups'" in told
        assert "--scope" in told

    def test_9_a_certificate_for_another_name(
        self, at_database: Callable[..., Operator], migrated_url: str, tmp_path: Path
    ) -> None:
        authority = Authority.make(tmp_path)
        operator = at_database(migrated_url, IDP_OUTBOUND_CA_FILE=str(authority.file))
        operator.gets("accounts", "create", "acme", "--name", "Acme")
        with serving(says(), tls=authority.server_context("other.example")) as server:
            issuer = server.url("", host="localhost").replace("http:", "https:")
            connect(operator, "--issuer", issuer)
            told = the(operator)
        assert "certificate of localhost is not trusted" in told
        assert "mismatch" in told.lower()
        assert "Check --issuer" in told

    def test_10_a_name_that_nobody_knows(self, operator: Operator) -> None:
        connect(operator, "--issuer", "https://login.acme.invalid")
        told = the(operator)
        assert "the name login.acme.invalid cannot be resolved" in told
        assert "Check --issuer" in told


def test_a_secret_that_expires_soon_deserves_attention_and_breaks_nothing(
    operator: Operator, upstream: Callable[[Kind], RunningPlatform]
) -> None:
    soon = (datetime.now(UTC) + timedelta(days=14)).date().isoformat()
    connect(operator, *at(upstream(OIDC)), "--client-secret-expires", soon)
    done = operator.types("doctor", "acme", "--json")
    assert done.exit_code == 0
    [finding] = [row["finding"] for row in done.json if row["verdict"] == "look" and row["part"] == "acme up"]
    assert f"expires on {soon}" in finding


def test_an_account_without_provider_is_told(operator: Operator) -> None:
    operator.gets("init")
    assert "no provider" in operator.types("doctor", "acme").out


def test_an_unknown_account_is_refused(operator: Operator) -> None:
    operator.gets("init")
    done = operator.types("doctor", "nobody")
    assert done.exit_code == 1
    assert "no account 'nobody'" in done.err


def test_no_secret_is_shown(operator: Operator, upstream: Callable[[Kind], RunningPlatform]) -> None:
    connect(operator, *at(upstream(ENTRA)), kind="entra", secret="a secret that is wrong")
    done = operator.types("doctor", "acme")
    assert "a secret that is wrong" not in done.out + done.err
