"""A provider in the middle of its work, and all that is good there at this moment: codes, tokens, cookies, forms.

Hostile callers mix these with nonsense. Before each of their attacks the
database is what it was, so what is good stays good, and an attack can be
repeated.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from idp.domain.mail_sign_in import MagicLinks
from idp.domain.pkce import challenge_of
from idp.services.registry import accounts, api_keys, platform_secrets
from idp.services.registry.accounts import AccountSettings
from idp.services.sessions.sso import Begun
from idp.store import access_requests
from idp.store.unit_of_work import reading
from tests.protocol.conftest import initialise_at
from tests.security.hostile import CLIENT_ID, CLIENT_SECRET
from tests.support import assertions
from tests.support.app import CASEY, SECRET_KEY, STAFF_DOMAIN, Browser, OpenIdProvider, provider_on
from tests.support.forms import submits
from tests.support.mail import Correspondent, Postbox, lets_in_by_mail
from tests.support.platform import RunningPlatform
from tests.support.rp import AuthorizationAnswer, RelyingParty, basic
from tests.support.widget import API_KEY, ORIGIN, PLATFORM_SECRET, Widget
from tests.widget.ways_in import platform_jwt

GRANTS = ("authorization_code", "refresh_token", "client_credentials")
AUDIENCE = "https://api.acme.example"
PLANNER, PLANNER_URI = "planner", "https://planner.example.com/callback"
SIGNER = "signer"
LOGGED_OUT_URI = "https://studio.example.com/logged-out"
SECRET = (
    *("sso", "browser", "form", "code", "spent_code", "verifier", "state"),
    *("mail_link", "mail_code", "access_link", "proof_code", "staff_sso", "entered_sso"),
)
"""Names of what is good and in no answer, unless the caller named it; a code as it is typed, without its hyphen."""


_KAY = replace(CASEY, subject="104857600000000000002", email="kay.staff@deepdesk.example", name="Kay Staff")


@dataclass(frozen=True, kw_only=True)
class Arsenal:
    """Everything that is good.

    :param live: by name; the names are the same in every run, the values are not.
    :param secrets: those that no answer may hold, unless the caller named them.
    :param log: what the provider has logged; it logs errors alone.
    """

    op: OpenIdProvider
    platform: RunningPlatform
    live: dict[str, str]
    secrets: frozenset[str]
    log: io.StringIO
    _file: Path
    _kept: Path

    def __repr__(self) -> str:
        return "<everything that is good>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(repr(self))

    def start_afresh(self) -> None:
        """Take the database back to the moment at which everything was good."""
        self.op.hangs_up()
        shutil.copyfile(self._kept, self._file)


@contextmanager
def arsenal(directory: Path, platform: RunningPlatform) -> Iterator[Arsenal]:
    """Run a provider on SQLite whose account acme signs in at a platform."""
    file, kept, log = directory / "idp.db", directory / "kept.db", io.StringIO()
    initialise_at(f"sqlite:///{file}")
    with redirect_stderr(log), provider_on(f"sqlite:///{file}", directory) as op:
        op.clock.set(datetime.now(UTC))
        op.connects("platform", platform)
        live = {"issuer": platform.issuer, **_gathered(op)}
        op.hangs_up()
        shutil.copyfile(file, kept)
        secrets = frozenset({SECRET_KEY, CLIENT_SECRET, platform.client_secret} | {live[name] for name in SECRET})
        yield Arsenal(op=op, platform=platform, live=live, secrets=secrets, log=log, _file=file, _kept=kept)


def _gathered(op: OpenIdProvider) -> dict[str, str]:
    mia, studio = op.browser(), _studio(op)
    lets_in_by_mail(op, MagicLinks.ALL)
    unproven = _parked(studio.asks(mia, prompt="login"))
    op.clock.advance(seconds=1)
    planner = RelyingParty.registered_at(
        op,
        "Planner",
        client_id=PLANNER,
        client_secret="the-secret-of-the-planner",
        redirect_uris=(PLANNER_URI,),
        party="third",
    )
    signer = RelyingParty.registered_at(op, "Signer", client_id=SIGNER, key=assertions.key(), grant_types=GRANTS)
    begun = op.signs_in(mia, proven_at=None)
    live = {"sso": begun.cookie, "assertion": signer.asserts(), "basic": basic(CLIENT_ID, CLIENT_SECRET)}
    live |= _tokens(studio, mia) | _waiting(studio, planner, mia) | _embedded(op, begun)
    live["staff_sso"] = _of_staff(op)
    live |= _of_staff_who_entered(op)
    live |= _looked_after(op, mia)
    live |= _mailed(op, mia) | _asking_for_access(op, mia) | _to_be_proven(op, mia, unproven)
    return live | _of_browser(mia, live)


def _studio(op: OpenIdProvider) -> RelyingParty:
    return RelyingParty.registered_at(
        op,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        grant_types=GRANTS,
        audiences=(AUDIENCE,),
        post_logout_redirect_uris=(LOGGED_OUT_URI,),
    )


def _tokens(studio: RelyingParty, mia: Browser) -> dict[str, str]:
    spent = studio.obtains_a_code_for(mia)
    first = studio.redeems(spent).tokens
    second = studio.refreshes(first).tokens
    revoked = studio.obtains_tokens_for(mia).access_token
    studio.revokes(revoked)
    code = studio.obtains_a_code_for(mia)
    headers = {"Authorization": basic(CLIENT_ID, CLIENT_SECRET)}
    pushed = mia.posts("/oauth/par/", dict(studio.prepares().params), headers=headers)
    return {
        "code": code.value,
        "verifier": code.asked.verifier,
        "spent_code": spent.value,
        "access_token": second.access_token,
        "id_token": second.id_token,
        "refresh_token": second.refresh_token,
        "spent_refresh_token": first.refresh_token,
        "revoked_token": revoked,
        "client_token": studio.calls_token(grant_type="client_credentials").body["access_token"],
        "request_uri": pushed.get_json()["request_uri"],
    }


def _waiting(studio: RelyingParty, planner: RelyingParty, mia: Browser) -> dict[str, str]:
    """Leave requests waiting in Mia's browser: for a sign-in, for her consent, for the platform's answer."""
    asked = planner.asks(mia)
    assert asked.waits_at("/oauth/consent/"), asked
    page = mia.opens(asked.location).text
    parked = studio.asks(mia, prompt="login")
    departed = mia.opens(f"/login/with/platform/?r={_parked(parked)}").headers["Location"]
    return {
        "consent": _parked(asked),
        "parked": _parked(parked),
        "state": parse_qs(urlsplit(departed).query)["state"][0],
        "csrf_token": page.partition('name="csrf_token" value="')[2].partition('"')[0],
        "sid": mia.opens("/account/").text.partition('name="sid" value="')[2].partition('"')[0],
    }


def _embedded(op: OpenIdProvider, begun: Begun) -> dict[str, str]:
    """Let a widget be embedded where Mia works, and hold what it and its platform need."""
    widget = Widget(op)
    with op.app.app_context():
        accounts.update("acme", AccountSettings(origins=(ORIGIN,)), context=op.context)
        api_keys.create("acme", key=API_KEY, parts=op.parts, context=op.context)
        platform_secrets.create("acme", secret=PLATFORM_SECRET, parts=op.parts, context=op.context)
    assert widget.signs_in_by_key().status_code == 200
    exchanged = widget.exchanges().get_json()["token"]
    verifier = "v" * 43
    query = f"account=acme&handoff={challenge_of(verifier)}&origin={ORIGIN}"
    sso = {"Cookie": f"__Host-idp_sso.acme={begun.cookie}"}
    page = widget.opens(f"/platform/sso/done/?{query}", headers=sso).text
    return {
        "api_key": API_KEY,
        "platform_jwt": platform_jwt(op),
        "exchange_token": exchanged,
        "handoff": page.partition('data-handoff="')[2].partition('"')[0],
        "handoff_verifier": verifier,
        "csrf_access": widget.csrf_access,
        "csrf_refresh": widget.csrf_refresh,
        "token_cookies": widget.jars.header("/auth/refresh", third_party=True),
    }


def _of_staff(op: OpenIdProvider) -> str:
    """Sign a staff member in, who may manage acme and has not entered yet; returns the cookie."""
    op.staff_sign_in_with_google()
    # With one alone whoever comes to the staff's page would be sent straight to Google, which no test reaches.
    op.upstream("google-2", account="staff", kind="google", hosted_domains=(STAFF_DOMAIN,), role_based_iam=False)
    op.grants(str(CASEY.email), "acme")
    return op.signs_in(op.browser(), CASEY).cookie


def _of_staff_who_entered(op: OpenIdProvider) -> dict[str, str]:
    """Sign another staff member in, who entered acme; returns the cookie, and what they see there."""
    op.grants(str(_KAY.email), "acme")
    kay = op.browser()
    begun = op.signs_in(kay, _KAY)
    assert submits(kay, kay.opens("/manage/keys/?account=acme"), "").status_code == 303
    edited = kay.opens("/manage/providers/platform/edit/?account=acme").text
    with op.app.app_context():
        (key,), (secret,) = api_keys.list_all("acme"), platform_secrets.list_all("acme")
    return {
        "entered_sso": begun.cookie,
        "provider_seen": edited.partition('name="seen" value="')[2].partition('"')[0],
        "api_key_id": key.id,
        "platform_secret_id": secret.id,
    }


def _looked_after(op: OpenIdProvider, mia: Browser) -> dict[str, str]:
    """Make Kim, whose roles Mia gives, among more people than one page of the list shows."""
    kim = op.makes("kim@acme.example", name="Kim")
    for number in range(26):
        op.makes(f"p{number}@acme.example")
    page = mia.opens(f"/manage/people/{kim}/state/?account=acme").text
    onwards = mia.opens("/manage/people/?account=acme").text.partition("after=")[2].partition('"')[0]
    return {"user_id": kim, "seen": page.partition('name="seen" value="')[2].partition('"')[0], "cursor": onwards}


def _mailed(op: OpenIdProvider, mia: Browser) -> dict[str, str]:
    """Let Sam, whom nobody knows upstream, ask for a mail in Mia's browser; nobody has pressed its button yet."""
    op.makes("sam@acme.example")
    sam = Correspondent.of(op, "sam@acme.example", browser=mia)
    page = sam.asks()
    letter = sam.mail()
    return {"mail": page.request.args["m"], "mail_link": _token(letter.link), "mail_code": _typed(letter.code)}


def _asking_for_access(op: OpenIdProvider, mia: Browser) -> dict[str, str]:
    """Let Robin ask Mia for access, and Lee have the mail to do so."""
    robin, lee = (Correspondent.of(op, f"{name}@acme.example", browser=mia) for name in ("robin", "lee"))
    robin.asks()
    page = mia.opens(robin.mail().link)
    asked = submits(mia, page, "access-request", message="I work here.")
    lee.asks()
    with op.app.app_context(), reading() as session:
        (waiting,) = access_requests.pending(session)
    return {
        "access_link": _token(lee.mail().link),
        "request_link": _token(asked.headers["Location"]),
        "access_request": waiting.id,
    }


def _to_be_proven(op: OpenIdProvider, mia: Browser, unproven: str) -> dict[str, str]:
    """Mail Mia the code by which she proves anew who she is, for a request that waits for that."""
    postbox = Postbox(op)
    postbox.brings()
    page = mia.follows(submits(mia, mia.opens(f"/login/magic/proof/?r={unproven}"), "fresh-proof"))
    (letter,) = postbox.brings()
    return {"unproven": unproven, "proof": page.request.args["m"], "proof_code": _typed(letter.code)}


def _token(link: str) -> str:
    """Return what stands in a link of a mail."""
    return parse_qs(urlsplit(link).query)["t"][0]


def _typed(code: str) -> str:
    return code.replace("-", "")


def _parked(answer: AuthorizationAnswer) -> str:
    return answer.location.partition("r=")[2]


def _of_browser(mia: Browser, live: Mapping[str, str]) -> dict[str, str]:
    cookies = {name: mia.cookie(f"__Host-idp_{name}") or "" for name in ("browser", "form")}
    sso = mia.cookie("__Host-idp_sso.acme")
    header = "; ".join(f"__Host-idp_{name}={value}" for name, value in {**cookies, "sso.acme": sso}.items())
    bonds = "; ".join(f"__Host-idp_{name}={value}" for name, value in cookies.items())
    return {
        **cookies,
        "cookies": f"{header}; {live['token_cookies']}",
        "staff_cookies": f"{bonds}; __Host-idp_sso.staff={live['staff_sso']}",
        "entered_cookies": f"{bonds}; __Host-idp_sso.staff={live['entered_sso']}",
    }
