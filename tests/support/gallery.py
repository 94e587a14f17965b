"""Every page and mail with sample data, in a small application of its own, for tests and for a designer's eyes.

``python -m tests.support.gallery FOLDER`` takes pictures of all of them: phone
and desktop, light and dark. It exits 1 when the browser complains, for
instance about something that the Content-Security-Policy forbids.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel
from flask_wtf import CSRFProtect
from playwright.sync_api import Browser, sync_playwright
from werkzeug import Response
from werkzeug.serving import WSGIRequestHandler, make_server

from idp.browser.language import LANGUAGES
from idp.domain.consent import Disclosure
from idp.domain.identifiers import ClientId
from idp.mails.rendering import rendered
from idp.pages.account import NOTICES
from idp.pages.magic_link import CODE_PROBLEMS
from idp.pages.messages import ERROR_TEXTS, ErrorText
from idp.sandbox.landing import Choice, LandingFacts, WayIn, create_landing
from idp.sandbox.sample_service import create_sample_service, rows
from idp.services.people.time_to_access import Typical
from idp.services.sessions.logout import Progress, Service
from idp.services.sign_in.mail_codes import Verdict
from tests.support import chromium, sample_people, sample_requests, sample_things
from tests.support.sample_mails import LONGEST, MAILS

PAGES = Path(__file__).parents[2] / "idp" / "pages"
WIDGET = PAGES.parent / "widget"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""A mail carries its styles in its tags; whatever else it would fetch, the browser complains about."""
WITH_A_SCRIPT = "/gallery/platform_done_with_handoff"
"""The one page that runs a script of ours."""
PHONE, DESKTOP = (375, 812), (1280, 800)
CODE = "7KQ-M2X"

CLAIMS: dict[str, Any] = {
    "iss": "http://127.0.0.1:8000",
    "sub": "uX3kq0F8T5q1pQ2Vb7Zc9w",
    "aud": "sample-service",
    "iat": 1764150000,
    "exp": 1764153600,
    "auth_time": 1764149940,
    "nonce": "aPq3k9-VnE0cYbW2",
    "sid": "Zk8wq1T0b7H2nD5xR4uYpA",
    "amr": ["fed", "pwd"],
    "acr": "urn:deepdesk:acr:interactive",
    "account": "acme",
    "roles": ["deepdesk.manager"],
    "role_name": "deepdesk.manager",
    "groups": ["Manager"],
    "name": "Mia Manager",
    "email": "manager@acme.example",
    "email_verified": False,
}
HEADER = {"alg": "RS256", "kid": "Zr0dO7d3nq8wYQ4S1mB9yA", "typ": "JWT"}

FACTS = LandingFacts(
    issuer="http://127.0.0.1:8000",
    platform_url="http://localhost:8001",
    sample_service_url="http://127.0.0.1:8002",
    widget_page_url="http://127.0.0.1:8003",
    account_code="acme",
    ways=(
        WayIn(
            name="Genesys Cloud",
            meaning="the platform in which agents work",
            choose="Ana Agent",
            result="an agent",
            refused="Olly Other",
            reason="comes from another organisation",
        ),
        WayIn(
            name="Deepdesk staff",
            meaning="Google Workspace",
            choose="Casey Staff",
            result="a manager, entered as staff",
        ),
    ),
    people=(
        Choice(name="Mia Manager", meaning="A manager: may manage people and content."),
        Choice(name="Eli Editor", meaning="An editor of suggestions in Studio."),
        Choice(name="Ana Agent", meaning="An agent, the default."),
        Choice(name="Nobody Norole", meaning="Somebody without a role."),
    ),
    faults=(
        Choice(name="The person is refused", meaning=""),
        Choice(name="The platform is very slow", meaning=""),
        Choice(name="The platform has a server error (500)", meaning=""),
        Choice(name="The token answers another sign-in (wrong nonce)", meaning=""),
        Choice(name="Rotated key", meaning="the signing key was just changed, which should still work."),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A template, and the data to show it with."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    text: ErrorText | None = None

    def render(self) -> str:
        """Return the page; needs a request."""
        words = asdict(self.text.filled(claim="email")) if self.text else {}
        return render_template(self.template, **words, **self.context)


def _provider(code: str, display_name: str) -> dict[str, str]:
    return {"code": code, "display_name": display_name, "href": f"/login/{code}/"}


def _error(key: str, *actions: dict[str, str]) -> Sample:
    return Sample(
        template="error.html",
        text=ERROR_TEXTS[key],
        context={"code": CODE, "actions": list(actions), "account_name": "Acme"},
    )


_MIA = {"name": "Mia Manager", "email": "manager@acme.example", "account_name": "Acme"}
_CASEY = {"name": "Casey Staff", "email": "casey.staff@deepdesk.example", "account_name": "Deepdesk"}
_AGAIN = {"href": "/oauth/authorize/resume/", "label": "Try again"}
_BACK = {"href": "https://studio.example/", "label": "Back to Studio"}

_TODAY = datetime(2026, 11, 26, 8, 55, tzinfo=UTC)
_HERE = {
    "sid": "Zk8wq1T0b7H2nD5xR4uYpA",
    "here": True,
    "signed_in_at": _TODAY,
    "amr": ("fed", "pwd", "mfa"),
    "last_seen_at": _TODAY,
    "services": ("Admin dashboard", "Studio"),
}
_ELSEWHERE = {
    "sid": "uX3kq0F8T5q1pQ2Vb7Zc9w",
    "here": False,
    "signed_in_at": datetime(2026, 11, 24, 16, 2, tzinfo=UTC),
    "amr": ("fed",),
    "last_seen_at": datetime(2026, 11, 25, 9, 41, tzinfo=UTC),
    "services": (),
}
_ALLOWED = {
    "client_id": "planner",
    "name": "Shift planner",
    "since": datetime(2026, 3, 2, 10, 0, tzinfo=UTC),
    "disclosures": (Disclosure.IDENTIFIER, Disclosure.NAME, Disclosure.ROLES, Disclosure.OFFLINE),
}
_OWN_MIA = {
    "person": _MIA,
    "account": "acme",
    "account_name": "Acme",
    "sessions": (_HERE, _ELSEWHERE),
    "allowed": (_ALLOWED,),
    "connected": ("Shift planner",),
}
_OWN_CASEY = {
    "person": _CASEY,
    "account": "staff",
    "account_name": "Deepdesk",
    "staff": True,
    "sessions": (_HERE | {"services": ()},),
    "allowed": (),
    "connected": (),
}
_CONSENT = {
    "service_name": "Shift planner",
    "account_name": "Acme",
    "person": _MIA,
    "host": "planner.example.com",
    "other_href": "/login/?account=acme",
}

_SENT = {
    "account_name": "Acme",
    "service_name": "Studio",
    "email": "mia.manager@acme.example",
    "action": "/login/magic/sent/?m=mail",
    "again_action": "/login/magic/again/?m=mail",
    "again_in_seconds": 0,
    "other_address_href": "/login/?account=acme",
}
_OFFERED = {
    "account_name": "Acme",
    "service_name": "Studio",
    "email": "mia.manager@acme.example",
    "here": False,
    "asked_at": sample_requests.NOW - timedelta(minutes=2),
    "network": "203.0.113.7",
    "action": "/login/magic/confirm/?t=token",
    "now": sample_requests.NOW,
}
_PROOF = {
    "account_name": "Acme",
    "service_name": "Admin dashboard",
    "person": _MIA,
    "action": "/login/magic/proof/?r=waiting",
    "again_action": "/login/magic/proof/?r=waiting",
    "again_in_seconds": 0,
    "cancel_href": "/oauth/authorize/resume/?r=waiting&cancel=1",
}

MAIL_ADDRESSES = {
    **{f"mail_{name}": f"/gallery/mails/en/{name}" for name in MAILS},
    **{f"mail_{name}_{tag}": f"/gallery/mails/{tag}/{name}" for name in LONGEST for tag in LANGUAGES if tag != "en"},
}
"""Each mail in English, and the longest in every language."""

LANGUAGE_SWITCH = {"languages": LANGUAGES, "lang": "en", "language_href": lambda tag: f"?lang={tag}"}

SAMPLES: dict[str, Sample] = {
    "sign_in": Sample(
        template="sign_in.html",
        context={
            "account_name": "Acme",
            "service_name": "Studio",
            "providers": [_provider("platform", "Acme platform")],
        },
    ),
    "sign_in_several": Sample(
        template="sign_in.html",
        context={
            "account_name": "Acme",
            "service_name": "Admin dashboard",
            "login_hint": "mia@acme.example",
            "providers": [
                _provider("entra", "Microsoft"),
                _provider("genesys", "Genesys Cloud"),
                _provider("partner", "Acme Customer Contact Centres (Netherlands and Belgium)"),
            ],
            "staff_href": "/login/with/google/?account=staff",
            "other_company_href": "/login/",
            **LANGUAGE_SWITCH,
        },
    ),
    "sign_in_not_set_up": Sample(
        template="sign_in.html", context={"account_name": "Acme", "service_name": "Studio", "providers": []}
    ),
    "which_account": Sample(template="which_account.html", context={"service_name": "Studio"}),
    "which_account_not_found": Sample(
        template="which_account.html",
        context={"service_name": "Studio", "email": "mia@elsewhere.example", "account": "", "not_found": True},
    ),
    "staff_enter": Sample(
        template="staff_enter.html",
        context={
            "account_name": "Acme",
            "service_name": "Admin dashboard",
            "person": {"name": "Casey Staff", "email": "casey.staff@deepdesk.example"},
            "groups": ("Manager",),
            "until": datetime(2027, 2, 1, tzinfo=UTC),
            "last_day": date(2027, 1, 31),
            "other_href": "/login/?account=acme",
        },
    ),
    "staff_enter_without_end": Sample(
        template="staff_enter.html",
        context={
            "account_name": "Acme Customer Contact Centres (Netherlands and Belgium)",
            "service_name": "Admin dashboard",
            "person": {"name": None, "email": "casey.staff@deepdesk.example"},
            "groups": ("Studio Editor", "Assistants Editor"),
            "until": None,
            "other_href": "/login/?account=acme",
        },
    ),
    "platform_done": Sample(
        template="platform_done.html", context={"account_name": "Acme", "person": _MIA, "handoff": None}
    ),
    "platform_done_with_handoff": Sample(
        template="platform_done.html",
        context={
            "account_name": "Acme",
            "person": {"name": "Ana Agent", "email": None},
            "handoff": "k8yq2W0m4nD3bV7cX1zL5pR9tQ6sF0aG2hJ4kM8uY1w",
            "origin": "https://platform.example",
        },
    ),
    "exchange_continue": Sample(
        template="exchange_continue.html",
        context={
            "account_name": "Acme",
            "person": _MIA,
            "token": "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
            "path": "/admin/personal-collection",
            "target": "https://acme.deepdesk.example/admin/personal-collection",
        },
    ),
    "already_signed_in": Sample(template="already_signed_in.html", context={"account_name": "Acme", "person": _MIA}),
    "consent": Sample(
        template="consent.html",
        context={
            **_CONSENT,
            "third_party": True,
            "disclosures": (Disclosure.IDENTIFIER, Disclosure.NAME, Disclosure.EMAIL, Disclosure.LANGUAGE),
            **LANGUAGE_SWITCH,
        },
    ),
    "consent_to_everything": Sample(
        template="consent.html",
        context={**_CONSENT, "third_party": True, "disclosures": tuple(Disclosure)},
    ),
    "consent_on_a_device": Sample(
        template="consent.html",
        context={
            **_CONSENT,
            "service_name": "Acme Customer Contact Centres (Netherlands and Belgium)",
            "on_device": True,
            "disclosures": (Disclosure.IDENTIFIER, Disclosure.NAME, Disclosure.EMAIL, Disclosure.ROLES),
        },
    ),
    "consent_on_a_device_to_others": Sample(
        template="consent.html",
        context={**_CONSENT, "third_party": True, "on_device": True, "disclosures": (Disclosure.IDENTIFIER,)},
    ),
    "consent_each_time": Sample(
        template="consent.html",
        context={**_CONSENT, "service_name": "Studio", "disclosures": (Disclosure.IDENTIFIER, Disclosure.OFFLINE)},
    ),
    "account": Sample(
        template="account.html",
        context={
            "accounts": (_OWN_MIA,),
            "account_name": "Acme",
            "chosen": "en",
            "languages_offered": LANGUAGES,
            "notice": NOTICES["ended"],
        },
    ),
    "account_of_two": Sample(
        template="account.html",
        context={"accounts": (_OWN_MIA, _OWN_CASEY), "chosen": "nl", "languages_offered": LANGUAGES},
    ),
    "sign_out_everywhere": Sample(template="sign_out_everywhere.html", context=_OWN_MIA),
    "sign_out_everywhere_of_little": Sample(template="sign_out_everywhere.html", context=_OWN_CASEY),
    "logout": Sample(template="logout.html", context={"people": [_MIA]}),
    "logout_of_two": Sample(template="logout.html", context={"people": [_MIA, _CASEY]}),
    "signed_out": Sample(template="signed_out.html"),
    "signed_out_not_yet_everywhere": Sample(
        template="signed_out.html",
        context={
            "services": [
                Service(client_id=ClientId("studio"), client_name="Studio", progress=Progress.TOLD),
                Service(client_id=ClientId("backend"), client_name="Admin dashboard", progress=Progress.WAITING),
                Service(client_id=ClientId("old"), client_name="Reports", progress=Progress.DEAF),
                Service(client_id=ClientId("gone"), client_name="Insight by Example", progress=Progress.UNREACHABLE),
            ],
            "some_wait": True,
        },
    ),
    "signed_out_with_somebody_here": Sample(template="signed_out.html", context={"services": [], "people": [_CASEY]}),
    "signed_out_before": Sample(template="signed_out.html", context={"nobody_was_here": True}),
    "form_post": Sample(
        template="form_post.html",
        context={
            "redirect_uri": "https://studio.example.com/callback",
            "answer": {"code": "code", "state": "state", "iss": "http://127.0.0.1:8000"},
            "script": "",
        },
    ),
    "request_error": Sample(
        template="request_error.html",
        context={
            "error": "invalid_request",
            "parameter": "redirect_uri",
            "sent": "https://studio.example/callback/",
            "registered": ["https://studio.example/callback", "http://127.0.0.1:5000/callback"],
            "sentence": "The redirect_uri is not registered for this client. It must match character by character.",
            "advice": "Correct the request, or register the address. A list replaces the old one.",
            "command": "idp clients update studio --redirect-uri https://studio.example/callback/",
            "code": CODE,
            "client_name": "Studio",
        },
    ),
    "request_error_unknown_client": Sample(
        template="request_error.html",
        context={
            "error": "invalid_client",
            "parameter": "client_id",
            "sent": "studio-test-" + "x" * 900,
            "registered": [],
            "sentence": "No client is registered under this client_id.",
            "advice": "See which ones are registered.",
            "command": "idp clients list",
            "code": CODE,
        },
    ),
    "which_account_empty": Sample(
        template="which_account.html",
        context={"service_name": "Studio", "not_found": True, "empty": True, "staff_href": "/login/?account=staff"},
    ),
    "sign_in_with_mail": Sample(
        template="sign_in.html",
        context={
            "account_name": "Acme",
            "service_name": "Studio",
            "login_hint": "mia@acme.example",
            "providers": [_provider("platform", "Acme platform")],
            "email_action": "/login/magic/?r=waiting",
            "staff_href": "/login/with/google/?account=staff",
            **LANGUAGE_SWITCH,
        },
    ),
    "sign_in_by_mail_only": Sample(
        template="sign_in.html",
        context={
            "account_name": "Acme",
            "service_name": "Studio",
            "providers": [],
            "email_action": "/login/magic/?r=waiting",
        },
    ),
    "magic_link": Sample(
        template="magic_link.html",
        context={
            "account_name": "Acme",
            "service_name": "Studio",
            "action": "/login/magic/",
            "other_ways_href": "/login/",
        },
    ),
    "magic_link_not_an_address": Sample(
        template="magic_link.html",
        context={"account_name": "Acme", "email": "mia@", "problem": True, "action": "/login/magic/"},
    ),
    "magic_sent": Sample(template="magic_sent.html", context={**_SENT, "again_in_seconds": 60}),
    "magic_sent_wrong_code": Sample(
        template="magic_sent.html", context={**_SENT, "problem": CODE_PROBLEMS[Verdict.WRONG], "service_name": None}
    ),
    "magic_sent_no_more_today": Sample(
        template="magic_sent.html", context={**_SENT, "problem": CODE_PROBLEMS[Verdict.NO_MORE_TODAY]}
    ),
    "magic_confirm": Sample(template="magic_confirm.html", context={**_OFFERED, "here": True}),
    "magic_confirm_elsewhere": Sample(
        template="magic_confirm.html", context={**_OFFERED, "network": "2001:db8:85a3:8d3:1319:8a2e:370:7348"}
    ),
    "magic_confirm_wrong_code": Sample(
        template="magic_confirm.html", context={**_OFFERED, "problem": CODE_PROBLEMS[Verdict.NO_CODE]}
    ),
    "magic_confirm_invited": Sample(
        template="magic_confirm.html",
        context={**_OFFERED, "service_name": None, "asked_at": None, "network": None},
    ),
    "magic_spent": Sample(
        template="magic_spent.html",
        context={"used": True, "action": "/login/magic/afresh/?t=token", "signed_in": False},
    ),
    "magic_spent_too_old": Sample(template="magic_spent.html", context={"used": False, "signed_in": False}),
    "magic_spent_signed_in": Sample(
        template="magic_spent.html", context={"used": True, "action": "/login/magic/afresh/?t=token", "signed_in": True}
    ),
    "fresh_proof": Sample(template="fresh_proof.html", context={**_PROOF, "sent": False}),
    "fresh_proof_sent": Sample(template="fresh_proof.html", context={**_PROOF, "sent": True, "again_in_seconds": 59}),
    "fresh_proof_wrong_code": Sample(
        template="fresh_proof.html", context={**_PROOF, "sent": True, "problem": CODE_PROBLEMS[Verdict.NO_MORE_TRIES]}
    ),
    "access_request": Sample(
        template="access_request.html",
        context={
            "account_name": "Acme",
            "service_name": "Studio",
            "email": "adam.agent@acme.example",
            "max_message_length": 1000,
            "action": "/access-requests/confirm/?t=token",
        },
    ),
    **{
        f"access_status_{name}": Sample(
            template="access_status.html",
            context={"account_name": "Acme", "standing": standing, "sign_in_href": "/login/magic/?account=acme"},
        )
        for name, standing in sample_requests.STANDINGS.items()
    },
    "manage_enter": Sample(
        template="manage_enter.html",
        context={
            "account_name": "Acme",
            "person": {"name": "Casey Staff", "email": "casey.staff@deepdesk.example"},
            "groups": ("Manager",),
            "until": datetime(2027, 2, 1, tzinfo=UTC),
            "last_day": date(2027, 1, 31),
            "action": "/manage/enter/?account=acme",
            "staff": True,
        },
    ),
    "manage_requests": Sample(
        template="manage_access_requests.html",
        context={
            **sample_requests.DECIDE,
            "waiting": (sample_requests.SILENT, sample_requests.EVE, sample_requests.COLLISION, sample_requests.ADAM),
            "more": 3,
        },
    ),
    "manage_requests_approved": Sample(
        template="manage_access_requests.html",
        context={
            **sample_requests.DECIDE,
            "waiting": (sample_requests.VOUCHED,),
            "decided": sample_requests.DECIDED,
            "done": "approve",
            "about": sample_requests.APPROVED,
            "time_to_access": Typical(median=timedelta(hours=3, minutes=10), people=12),
        },
    ),
    "manage_requests_too_late": Sample(
        template="manage_access_requests.html",
        context={**sample_requests.DECIDE, "decided": (sample_requests.DENIED,), "done": "too_late"},
    ),
    "manage_requests_not_possible": Sample(
        template="manage_access_requests.html",
        context={**sample_requests.DECIDE, "waiting": (sample_requests.ADAM,), "done": "not_possible"},
    ),
    "manage_requests_undone": Sample(
        template="manage_access_requests.html",
        context={
            **sample_requests.DECIDE,
            "waiting": (sample_requests.COLLISION,),
            "time_to_access": Typical(median=timedelta(minutes=40), people=1),
            "done": "undo",
            "about": sample_requests.COLLISION,
        },
    ),
    "manage_requests_empty": Sample(
        template="manage_access_requests.html",
        context={**sample_requests.DECIDE, "person": sample_requests.CASEY, "staff": True},
    ),
    **{name: Sample(template=template, context=known) for name, (template, known) in sample_people.SAMPLES.items()},
    **{name: Sample(template=template, context=known) for name, (template, known) in sample_things.SAMPLES.items()},
    **{f"error_{key}": _error(key, _AGAIN, _BACK) for key in ERROR_TEXTS},
    "error_no_grant": Sample(
        template="error.html",
        text=ERROR_TEXTS["no_grant"],
        context={
            "code": CODE,
            "account_name": "Acme",
            "staff": True,
            "person": {"name": "Casey Staff", "email": "casey.staff@deepdesk.example"},
            "actions": [{"href": "/login/?account=acme", "label": "Sign in as one of the company's people"}, _BACK],
        },
    ),
}


def create_gallery() -> Flask:
    """Return an application that shows each sample at ``/gallery/NAME``, under the pages' own policy, and each mail."""
    app = Flask("gallery", static_folder=None)  # /static is the pages' own
    app.config.update(SECRET_KEY="for pictures only", TESTING=True)  # nothing to protect
    Babel(app)
    CSRFProtect(app)
    app.register_blueprint(
        Blueprint(
            "pages",
            "gallery",
            template_folder=str(PAGES / "templates"),
            static_folder=str(PAGES / "static"),
            static_url_path="/static",
        )
    )
    app.register_blueprint(
        Blueprint(
            "platform",
            "gallery",
            template_folder=str(WIDGET / "templates"),
            static_folder=str(WIDGET / "static"),
            static_url_path="/platform/static",
        )
    )
    app.register_blueprint(create_landing(FACTS))

    @app.get("/gallery/<name>")
    def show(name: str) -> ResponseReturnValue:
        sample = SAMPLES.get(name) or abort(404)
        return sample.render()

    @app.get("/gallery/mails/<language>/<name>")
    def show_mail(language: str, name: str) -> ResponseReturnValue:
        kind = MAILS.get(name) or abort(404)
        return rendered(kind, language=language).html, {"Content-Security-Policy": MAIL_POLICY}

    @app.after_request
    def guard(response: Response) -> Response:
        allowed = "; script-src 'self'" if request.path == WITH_A_SCRIPT else ""
        response.headers.setdefault("Content-Security-Policy", POLICY + allowed)
        return response

    return app


def create_sample_gallery() -> Flask:
    """Return the sample service with its own pages at ``/gallery/…``, no provider needed."""
    app = create_sample_service(
        issuer=FACTS.issuer,
        client_id="sample-service",
        client_secret="unused",
        base_url=FACTS.sample_service_url,
    )

    @app.get("/gallery/signed-in")
    def signed_in() -> ResponseReturnValue:
        return render_template("sample/signed_in.html", rows=rows(CLAIMS), claims=CLAIMS, header=HEADER)

    @app.get("/gallery/problem")
    def problem() -> ResponseReturnValue:
        return render_template(
            "sample/problem.html",
            error="access_denied",
            description="Sign-in was refused.",
            meaning="The sign-in was refused or cancelled.",
        )

    return app


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve ``app`` on a free loopback port while the block runs; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def photograph(browser: Browser, address: str, file: Path) -> list[str]:
    """Take four pictures of one page; return what the browser complained about."""
    complaints: list[str] = []
    for width, height in (PHONE, DESKTOP):
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            page.on("console", lambda message: complaints.append(f"{file.name}: {message.text}"))
            page.goto(address)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                complaints.append(f"{file.name}: wider than {width} px")
            page.screenshot(path=f"{file}-{width}-{scheme}.png", full_page=True)
            context.close()
    return complaints


def main(folder: Path) -> int:
    """Photograph all pages and mails into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    complaints: list[str] = []
    with (
        serving(create_gallery()) as provider,
        serving(create_sample_gallery()) as sample,
        sync_playwright() as playwright,
    ):
        addresses = {name: f"{provider}/gallery/{name}" for name in SAMPLES}
        addresses |= {name: provider + path for name, path in MAIL_ADDRESSES.items()}
        addresses |= {
            "landing": f"{provider}/",
            "sample_start": f"{sample}/",
            "sample_signed_in": f"{sample}/gallery/signed-in",
            "sample_problem": f"{sample}/gallery/problem",
        }
        browser = playwright.chromium.launch(executable_path=chromium.executable(), args=list(chromium.ARGUMENTS))
        for name, address in addresses.items():
            complaints += photograph(browser, address, folder / name)
        browser.close()
    sys.stdout.write("".join(f"{complaint}\n" for complaint in sorted(set(complaints))))
    return 1 if complaints else 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
