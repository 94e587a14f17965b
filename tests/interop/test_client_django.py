"""Django with ``mozilla-django-oidc`` as Admin dashboard: staff enter by grant, and are out once it is revoked."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import RSAKey

from idp.sandbox.platform.kinds import GOOGLE
from tests.interop.service import Service
from tests.interop.walking import Browser, Page
from tests.support.commands import run_forked
from tests.support.platform import RunningPlatform, running_platform
from tests.support.serve import Served, environment, free_port, running, serving, wait_for

PROJECT = Path(__file__).parent / "django_dashboard"
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "django.md"
CASEY = "casey.staff@deepdesk.example"
COMMAND_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """The Django project, served."""

    url: str
    env: dict[str, str]

    def manage(self, *words: str) -> str:
        """Run ``manage.py`` beside the server and return what it prints."""
        return _manage(self.env, *words)

    def runs(self, *lines: str) -> str:
        """Run Python inside the project and return what it prints."""
        return self.manage("shell", "--verbosity", "0", "-c", "\n".join(lines)).strip()

    def lets_renewals_fall_due(self) -> None:
        """Do what an operator does after a revocation that must not wait."""
        self.manage("renew_everybody")

    def access_token(self, browser: Browser) -> str:
        """The access token that Django keeps for a browser."""
        return self.runs(
            "from django.contrib.sessions.backends.db import SessionStore",
            f"print(SessionStore({browser.session.cookies['sessionid']!r})['oidc_access_token'])",
        )


@dataclass(kw_only=True)
class Walk:
    """A staff member's browser, and every address that it was sent to."""

    browser: Browser
    dashboard: Dashboard
    sent_to: list[str]

    def opens(self, path: str = "/") -> Page:
        self.sent_to.clear()
        return self.browser.open(f"{self.dashboard.url}{path}")

    def chooses(self, person: str) -> Page:
        """Go from the dashboard to Google, and sign in there as that person."""
        return self.browser.submit(self.opens(), person=person)

    def signs_in(self, person: str = "staff") -> Page:
        """Do all of it, and enter."""
        return self.browser.submit(self.chooses(person))

    def is_signed_in(self) -> bool:
        """Whether the dashboard still knows who this is."""
        page = self.browser.session.get(f"{self.dashboard.url}/publish/", allow_redirects=False, timeout=15)
        return page.status_code == requests.codes.ok

    def is_soon_signed_out(self) -> None:
        """Return as soon as the dashboard knows nobody any more; fail when that never happens."""
        deadline = time.monotonic() + COMMAND_TIMEOUT_SECONDS
        while self.is_signed_in():
            assert time.monotonic() < deadline, "the dashboard was never told"
            time.sleep(0.05)

    def requests_to(self, path: str) -> list[dict[str, str]]:
        """The parameters with which the browser was sent to a path, each once."""
        there = [urlsplit(address) for address in self.sent_to if urlsplit(address).path == path]
        return [{name: value for name, (value,) in parse_qs(parts.query).items()} for parts in there]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A provider with staff, who sign in with Google, and the customer ``acme``, who do not."""
    with serving(tmp_path_factory.mktemp("staffed")) as served:
        served.command("accounts", "create", "acme", "--name", "Acme", "--magic-link", "off")
        yield served


@pytest.fixture(scope="module")
def google(provider: Served) -> Iterator[RunningPlatform]:
    with running_platform(kind=GOOGLE) as platform:
        _connect(provider, "staff", "google", platform, "--kind", "google", "--hosted-domain", "deepdesk.example")
        yield platform


@pytest.fixture(scope="module")
def platform(provider: Served) -> Iterator[RunningPlatform]:
    """Where the customer's own people sign in."""
    with running_platform() as platform:
        _connect(provider, "acme", "platform", platform, "--kind", "oidc", "--role-based-iam")
        yield platform


def _connect(provider: Served, account: str, code: str, platform: RunningPlatform, *options: str) -> None:
    provider.command(
        *("providers", "create", account, code, *options, "--issuer", platform.issuer),
        *("--client-id", platform.client_id, "--client-secret-file", "-"),
        stdin=platform.client_secret,
    )


@pytest.fixture(scope="module")
def dashboard(
    provider: Served, google: RunningPlatform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dashboard]:
    """The project as its own process, registered at the provider by the guide's command."""
    directory = tmp_path_factory.mktemp("dashboard")
    port = free_port()
    url = f"http://localhost:{port}"
    client = provider.command(
        *("clients", "create", "Admin dashboard", "--account", "acme", "--redirect-uri", f"{url}/oidc/callback/"),
        *("--post-logout-redirect-uri", f"{url}/signed-out/"),
        *("--backchannel-logout-uri", f"{url}/backchannel-logout/"),
    )
    env = environment(
        {
            "DASHBOARD_SECRET_KEY": "the dashboard's own, and nobody else's, for as long as the tests run",
            "DASHBOARD_DATABASE": str(directory / "dashboard.sqlite3"),
            "DASHBOARD_ISSUER": provider.issuer,
            "DASHBOARD_CLIENT_ID": client["client_id"],
            "DASHBOARD_CLIENT_SECRET": client["client_secret"],
        }
    )
    _manage(env, "migrate", "--verbosity", "0")
    log_file = directory / "dashboard.log"
    command = [sys.executable, str(PROJECT / "manage.py"), "runserver", "--noreload", f"127.0.0.1:{port}"]
    with running(command, log_file, env=env) as process:
        wait_for(f"{url}/signed-out/", process, log_file)
        yield Dashboard(url=url, env=env)


def _manage(env: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, str(PROJECT / "manage.py"), *words],
        env=env,
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def walk(browser: Browser, dashboard: Dashboard) -> Walk:
    """A browser that has been nowhere yet."""
    sent_to: list[str] = []

    def record(answer: requests.Response, **_: object) -> None:
        sent_to.append(answer.url)

    browser.session.hooks["response"].append(record)
    return Walk(browser=browser, dashboard=dashboard, sent_to=sent_to)


@pytest.fixture
def casey(provider: Served) -> str:
    """A staff member who may enter as a manager."""
    _grant(provider, "deepdesk.manager")
    return CASEY


@pytest.fixture
def untold(provider: Served, dashboard: Dashboard) -> Iterator[None]:
    """While the test runs, the dashboard has no address for logout tokens, and learns by its renewals alone."""
    update = ("clients", "update", dashboard.env["DASHBOARD_CLIENT_ID"], "--backchannel-logout-uri")
    provider.command(*update, "")
    yield
    provider.command(*update, f"{dashboard.url}/backchannel-logout/")


def _grant(provider: Served, role: str) -> None:
    provider.command("staff", "grant", CASEY, "acme", "--role", role)


def _groups(page: Page) -> list[str]:
    return re.findall("<li>([^<]+)</li>", page.html)


def _text(page: Page, element_id: str) -> str:
    return page.html.partition(f'id="{element_id}">')[2].partition("<")[0]


# Signing in.


def test_a_staff_member_enters_and_is_what_the_grant_says(
    walk: Walk, casey: str, provider: Served, google: RunningPlatform
) -> None:
    at_google = walk.opens()
    assert at_google.url.startswith(google.issuer)
    (asked,) = walk.requests_to("/oauth/authorize/")
    assert asked["idp_hint"] == "staff:google"
    assert asked["code_challenge_method"] == "S256"

    invited = walk.browser.submit(at_google, person="staff")
    assert invited.url.startswith(f"{provider.issuer}/login/staff/")
    assert invited.has("staff-enter")

    home = walk.browser.submit(invited)
    assert home.url == f"{walk.dashboard.url}/"
    assert _text(home, "person") == f"Casey Staff, {casey}"
    assert _groups(home) == ["Manager"]
    # Django's admin wants is_staff, and each of its pages a permission of the group.
    assert walk.opens("/admin/auth/user/").status == 200


def test_a_user_who_has_the_same_address_is_left_alone(walk: Walk, casey: str) -> None:
    walk.dashboard.runs(
        "from django.contrib.auth.models import User",
        f"User.objects.create_superuser('root', {casey!r})",
    )
    home = walk.signs_in()
    assert _text(home, "username") not in {"root", casey, ""}
    assert walk.opens("/admin/auth/user/add/").status == 403


def test_a_staff_member_without_a_grant_is_told_what_to_do(walk: Walk, provider: Served) -> None:
    refused = walk.chooses("staff-2")
    assert refused.url.startswith(provider.issuer)
    assert refused.status == 403
    assert refused.has("error")
    assert "ask whoever looks after staff access for a grant" in refused.html
    assert walk.requests_to("/oidc/callback/") == []


def test_one_of_the_customers_people_who_takes_the_hint_off_the_address_stays_out(
    walk: Walk, platform: RunningPlatform
) -> None:
    walk.opens()
    departure = next(address for address in walk.sent_to if "/oauth/authorize/" in address)
    at_platform = walk.browser.open(departure.replace("idp_hint=staff", "idp_hint=platform&was"))
    assert at_platform.url.startswith(platform.issuer)

    refused = walk.browser.submit(at_platform, person="manager")
    assert "code" in walk.requests_to("/oidc/callback/")[-1]
    assert refused.has("signed-out")


# Staying signed in.


def test_a_page_after_the_renewal_fell_due_is_re_authorized_silently(
    walk: Walk, casey: str, google: RunningPlatform
) -> None:
    walk.signs_in()
    walk.opens("/publish/")
    assert walk.requests_to("/oauth/authorize/") == []

    walk.dashboard.lets_renewals_fall_due()
    page = walk.opens("/publish/")
    assert page.url == f"{walk.dashboard.url}/publish/"
    (asked,) = walk.requests_to("/oauth/authorize/")
    assert asked["prompt"] == "none"
    assert "code" in walk.requests_to("/oidc/callback/")[0]
    assert not [address for address in walk.sent_to if address.startswith(google.issuer)]


def test_the_groups_follow_a_changed_grant(walk: Walk, casey: str, provider: Served) -> None:
    walk.signs_in()
    _grant(provider, "deepdesk.editor")
    walk.dashboard.lets_renewals_fall_due()
    assert _groups(walk.opens()) == ["Studio Editor"]
    assert walk.opens("/admin/auth/user/").status == 403
    assert walk.opens("/admin/auth/group/").status == 200


def test_the_permissions_follow_a_changed_grant(walk: Walk, casey: str, provider: Served) -> None:
    walk.signs_in()
    assert walk.opens("/text-suggestions/").has("text-suggestions")
    for role, status in (("deepdesk.agent", 403), ("deepdesk.editor", 200), ("deepdesk.assistant_editor", 403)):
        _grant(provider, role)
        walk.dashboard.lets_renewals_fall_due()
        assert walk.opens("/text-suggestions/").status == status, role


def test_nobody_sees_a_guarded_page_without_signing_in(walk: Walk, google: RunningPlatform) -> None:
    assert walk.opens("/text-suggestions/").url.startswith(google.issuer)


@pytest.mark.parametrize(
    ("said", "given"),
    [
        (["text_suggestions.change_textsuggestion"], ["change_textsuggestion"]),
        (["text_suggestions.*"], [f"{action}_textsuggestion" for action in ("add", "change", "delete", "view")]),
        (["text_suggestions.view_textsuggestion", "assistants.*", "users.*"], ["view_textsuggestion"]),
        (["sessions.delete_session", "sessions.*", "auth.*", "auth.add_user", "*", "*.*", "", "text_suggestions"], []),
        ([], []),
        (None, []),
    ],
    ids=str,
)
def test_claims_give_permissions_of_the_dashboards_own_apps_alone(
    dashboard: Dashboard, said: list[str] | None, given: list[str]
) -> None:
    claims = {} if said is None else {"permissions": said}
    found = dashboard.runs(
        "from dashboard import permissions",
        f"print(*sorted(permissions.of_claims({claims!r}).values_list('codename', flat=True)))",
    )
    assert found.split() == given


def test_whose_session_at_the_provider_ended_is_sent_to_sign_in_again(
    walk: Walk, casey: str, google: RunningPlatform
) -> None:
    walk.signs_in()
    walk.browser.session.cookies.clear(domain="127.0.0.1")
    walk.dashboard.lets_renewals_fall_due()
    at_google = walk.opens("/publish/")
    assert walk.requests_to("/oidc/callback/")[0]["error"] == "login_required"
    assert at_google.url.startswith(google.issuer)

    back = walk.browser.submit(walk.browser.submit(at_google, person="staff"))
    assert back.url == f"{walk.dashboard.url}/publish/"


def test_a_form_is_not_taken_once_the_renewal_fell_due(walk: Walk, casey: str) -> None:
    walk.signs_in()
    form = walk.opens("/publish/")
    assert walk.browser.submit(form).has("published")
    walk.dashboard.lets_renewals_fall_due()
    assert walk.browser.submit(form).status == 403


def test_whose_grant_was_given_anew_chooses_again_to_enter(
    walk: Walk, casey: str, provider: Served, untold: None
) -> None:
    walk.signs_in()
    provider.command("staff", "revoke", casey, "acme")
    _grant(provider, "deepdesk.editor")
    walk.dashboard.lets_renewals_fall_due()
    invited = walk.opens("/publish/")
    assert walk.requests_to("/oidc/callback/")[0]["error"] == "interaction_required"
    assert invited.has("staff-enter")
    assert walk.browser.submit(invited).url == f"{walk.dashboard.url}/publish/"


# Leaving.


def test_after_a_revocation_the_dashboard_is_told(walk: Walk, casey: str, provider: Served) -> None:
    walk.signs_in()
    provider.command("staff", "revoke", casey, "acme")
    walk.is_soon_signed_out()


def test_after_a_revocation_the_next_silent_authorization_is_refused(
    walk: Walk, casey: str, provider: Served, untold: None
) -> None:
    walk.signs_in()
    provider.command("staff", "revoke", casey, "acme")
    walk.dashboard.lets_renewals_fall_due()

    refused = walk.opens("/publish/")
    assert walk.requests_to("/oauth/authorize/")[0]["prompt"] == "none"
    assert walk.requests_to("/oidc/callback/")[0]["error"] == "access_denied"
    assert refused.has("signed-out")

    again = walk.opens("/publish/")
    assert again.url.startswith(provider.issuer)
    assert (again.status, again.has("error")) == (403, True)
    assert walk.opens("/admin/").url.startswith(provider.issuer)


def test_after_a_revocation_what_asks_at_once_is_refused_at_once(
    walk: Walk, casey: str, provider: Served, untold: None
) -> None:
    walk.signs_in()
    userinfo = f"{provider.issuer}/oauth/userinfo/"
    authorization = {"Authorization": f"Bearer {walk.dashboard.access_token(walk.browser)}"}
    assert requests.get(userinfo, headers=authorization, timeout=15).json()["groups"] == ["Manager"]
    form = walk.opens("/publish/")

    provider.command("staff", "revoke", casey, "acme")
    assert requests.get(userinfo, headers=authorization, timeout=15).status_code == 401
    assert walk.browser.submit(form).has("signed-out")
    assert walk.opens("/publish/").url.startswith(provider.issuer)


def test_a_revocation_after_the_answer_leaves_nobody_signed_in(
    walk: Walk, casey: str, provider: Served, untold: None
) -> None:
    walk.signs_in()
    walk.dashboard.lets_renewals_fall_due()
    walk.browser.stop = f"{walk.dashboard.url}/oidc/callback/"
    answer = walk.opens("/publish/")
    assert "code" in answer.query

    provider.command("staff", "revoke", casey, "acme")
    walk.browser.stop = "nowhere"
    assert walk.browser.open(answer.url).has("signed-out")
    assert "sessionid" not in walk.browser.session.cookies


def test_signing_out_leads_over_the_provider_and_back(walk: Walk, casey: str, provider: Served) -> None:
    asked = walk.browser.submit(walk.signs_in())
    assert asked.url.startswith(f"{provider.issuer}/oauth/logout/"), asked
    back = walk.browser.submit(asked)
    assert back.url.partition("?")[0] == f"{walk.dashboard.url}/signed-out/"
    assert not walk.is_signed_in()


def test_who_signs_out_at_the_provider_is_signed_out_of_the_dashboard(
    walk: Walk, casey: str, provider: Served, other_browser: Browser
) -> None:
    elsewhere = Walk(browser=other_browser, dashboard=walk.dashboard, sent_to=[])
    walk.signs_in()
    elsewhere.signs_in()
    walk.browser.submit(walk.browser.open(f"{provider.issuer}/logout/"))

    walk.is_soon_signed_out()
    # The same person's other browser has a session of its own.
    assert elsewhere.is_signed_in()


def test_what_is_no_logout_token_of_the_provider_signs_nobody_out(walk: Walk, casey: str) -> None:
    walk.signs_in()
    key = RSAKey.generate_key(2048, auto_kid=True)
    claims = {"iss": "x", "sid": "1"}
    forged = joserfc_jwt.encode({"alg": "RS256", "kid": key.kid, "typ": "logout+jwt"}, claims, key)
    for token in ("", "a.b.c", "é", forged, walk.dashboard.access_token(walk.browser)):
        answer = requests.post(f"{walk.dashboard.url}/backchannel-logout/", data={"logout_token": token}, timeout=15)
        assert answer.status_code == 400, token
    assert requests.get(f"{walk.dashboard.url}/backchannel-logout/", timeout=15).status_code == 405
    assert walk.is_signed_in()


def test_a_logout_token_says_who_sent_it_for_whom_and_what_happened(walk: Walk, provider: Served) -> None:
    now = int(time.time())
    event = {"http://schemas.openid.net/event/backchannel-logout": {}}
    honest = {"iss": provider.issuer, "aud": walk.dashboard.env["DASHBOARD_CLIENT_ID"], "jti": "1", "sid": "1"}
    honest |= {"iat": now, "exp": now + 120, "events": event}
    wrong = [
        *(honest | changed for changed in ({"iss": "https://other.example"}, {"aud": "another"})),
        *(honest | changed for changed in ({"exp": now - 120}, {"iat": now + 3600})),
        *(honest | changed for changed in ({"events": {}}, {"events": "x"}, {"nonce": "n"})),
        *({key: value for key, value in honest.items() if key != name} for name in honest),
    ]
    assert _believed(walk.dashboard, honest, *wrong) == [honest]
    assert _believed(walk.dashboard, honest, typ="JWT") == []


def _believed(dashboard: Dashboard, *claims: dict[str, object], typ: str = "logout+jwt") -> list[dict[str, object]]:
    """Which logout tokens the dashboard believes; all are signed by a key that it is made to trust."""
    key = RSAKey.generate_key(2048, auto_kid=True)
    tokens = [joserfc_jwt.encode({"alg": "RS256", "kid": key.kid, "typ": typ}, dict(one), key) for one in claims]
    said = dashboard.runs(
        "import jwt",
        "from dashboard import signing_out",
        f"signing_out.keys.get_signing_key_from_jwt = lambda _: jwt.PyJWK({key.as_dict(private=False)!r})",
        f"for token in {tokens!r}:",
        "    try: signing_out.read_logout_token(token)",
        "    except jwt.PyJWTError: print('refused')",
        "    else: print('read')",
    ).split()
    assert set(said) <= {"read", "refused"}, said
    return [one for one, verdict in zip(claims, said, strict=True) if verdict == "read"]


# What the library leaves to its user.


def test_an_id_token_counts_only_of_this_issuer_and_for_this_service(walk: Walk, casey: str, provider: Served) -> None:
    walk.signs_in()
    another = Service.register(provider, "Another", "--account", "acme")
    invited = walk.browser.open(another.authorize_url(idp_hint="staff:google"))
    id_token = another.redeem(walk.browser.submit(invited).query["code"])["id_token"]

    theirs = replace(walk.dashboard, env=walk.dashboard.env | {"DASHBOARD_CLIENT_ID": another.client_id})
    elsewhere = {"DASHBOARD_ISSUER": provider.issuer.replace("127.0.0.1", "localhost")}
    looked_at = f"verify_token({id_token!r}, nonce='service-nonce')"
    assert _accepts(theirs, looked_at)
    assert not _accepts(walk.dashboard, looked_at)
    assert not _accepts(replace(theirs, env=theirs.env | elsewhere), looked_at)


def test_user_information_about_somebody_else_is_refused(walk: Walk, casey: str) -> None:
    username = _text(walk.signs_in(), "username")
    asked = f"get_userinfo({walk.dashboard.access_token(walk.browser)!r}, None, {{'sub': %r}})"
    assert _accepts(walk.dashboard, asked % username)
    assert not _accepts(walk.dashboard, asked % "somebody-else")


def _accepts(dashboard: Dashboard, call: str) -> bool:
    """Call a method of the backend and say whether it found nothing suspicious."""
    said = dashboard.runs(
        "from django.core.exceptions import SuspiciousOperation",
        "from dashboard.signing_in import StaffBackend",
        f"try: StaffBackend().{call}",
        "except SuspiciousOperation: print('suspicious')",
        "else: print('accepted')",
    )
    assert said in {"accepted", "suspicious"}, said
    return said == "accepted"


# The guide.


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", _blocks("python"))
def test_the_guide_shows_the_project_word_for_word(block: str) -> None:
    assert any(block in file.read_text(encoding="utf-8") for file in PROJECT.rglob("*.py")), block


def test_the_guides_commands_work_in_its_order(dashboard: Dashboard, tmp_path: Path) -> None:
    commands = [shlex.split(line) for block in _blocks("sh") for line in block.splitlines()]
    assert {words[0] for words in commands} == {"idp", "python"}
    secret = tmp_path / "google.secret"
    secret.write_text("the secret that Google gave us")
    env = {"IDP_INSTANCE_DIR": str(tmp_path / "instance"), "IDP_ISSUER": "http://127.0.0.1:8000"}
    before = (["idp", "init"], ["idp", "accounts", "create", "acme", "--name", "Acme", "--magic-link", "off"])
    for program, *words in (*before, *commands):
        if program == "python":
            assert words.pop(0) == "manage.py"
            dashboard.manage(*words)
            continue
        given = (str(secret) if word == secret.name else word for word in words)
        done = run_forked(*given, environ=environment(env))
        assert done.returncode == 0, f"{words}: {done.stderr}"
