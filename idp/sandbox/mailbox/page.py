"""The pages below ``/mailbox/`` of the provider while it runs as a sandbox: a list, a mail, and its HTML part.

The HTML part is a document of its own address in a frame that may do nothing
but open links, as in a mail program. For developers, in English, and not translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request

from idp.browser.headers import CONTENT_SECURITY_POLICY
from idp.sandbox.mailbox.letters import SHOWN, Letter, envelopes, pieces, read

LOOK_EVERY_SECONDS = 5
FRAME = "allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
"""What the frame may do (HTML, ``iframe sandbox``): open links. It runs no script and sends no form."""
_POLICY_OF_HTML = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    f"frame-ancestors 'self'; sandbox {FRAME}"
)
# Before the mail's own words, so that no other counts. A second doctype or head is ignored (HTML §13.2.6.4).
_LINKS_OPEN_OUTSIDE = '<!doctype html><base target="_blank">'
_IN_ENGLISH: Mapping[str, Any] = {"lang": "en", "languages": None}


def create_mailbox(folder: Path, *, mails_leave: bool = False) -> Blueprint:
    """Return the blueprint ``mailbox``; its stylesheet is below ``/sandbox/mailbox/static``.

    :param folder: in which the mails lie, perhaps not yet there.
    :param mails_leave: a mail server is set, so that mails go there and do not lie here.
    """
    mailbox = Blueprint(
        "mailbox",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/sandbox/mailbox/static",
    )

    @mailbox.get("/mailbox/")
    def all_mails() -> Response:
        to, is_still = request.args.get("to", ""), "still" in request.args
        page = render_template(
            "mailbox/list.html",
            **_IN_ENGLISH,
            envelopes=envelopes(folder, to=to),
            to=to,
            is_still=is_still,
            mails_leave=mails_leave,
            shown=SHOWN,
            seconds=LOOK_EVERY_SECONDS,
            today=datetime.now(UTC).astimezone().date(),
        )
        response = make_response(page)
        if not is_still:
            response.headers["Refresh"] = str(LOOK_EVERY_SECONDS)
        return response

    @mailbox.get("/mailbox/<name>/")
    def one_mail(name: str) -> Response:
        letter = _require(folder, name)
        page = render_template(
            "mailbox/letter.html",
            **_IN_ENGLISH,
            letter=letter,
            frame=FRAME,
            pieces=pieces(letter.text) if letter.text else (),
        )
        response = make_response(page)
        response.headers["Content-Security-Policy"] = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"
        return response

    @mailbox.get("/mailbox/<name>/html/")
    def html_part(name: str) -> Response:
        letter = _require(folder, name)
        response = make_response(_LINKS_OPEN_OUTSIDE + (letter.html or ""))
        response.headers["Content-Security-Policy"] = _POLICY_OF_HTML
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        return response

    return mailbox


def _require(folder: Path, name: str) -> Letter:
    return read(folder, name) or abort(404)
