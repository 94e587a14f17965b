"""Writing authorization responses: the only module that does (RFC 6749 §4.1.2, RFC 9207, Form Post Response Mode)."""

from __future__ import annotations

import base64
import hashlib

from flask import Response, make_response, render_template

from idp.browser import headers
from idp.browser.runtime import parts
from idp.browser.verbatim import sent_to
from idp.domain.authorization_request import AuthorizationRequest, ResponseMode
from idp.protocol.errors import OAuthError

SUBMIT = "document.forms[0].submit()"
_SUBMIT_HASH = base64.b64encode(hashlib.sha256(SUBMIT.encode()).digest()).decode()


def success(request: AuthorizationRequest, code: str) -> Response:
    """Send a code to the client."""
    return _to(request.redirect_uri, request.response_mode, code=code, state=request.state)


def refusal(request: AuthorizationRequest, error: OAuthError) -> Response:
    """Send an error to the client, for a request that passed the checks."""
    return failure(request.redirect_uri, request.response_mode, request.state, error)


def failure(redirect_uri: str, mode: ResponseMode, state: str | None, error: OAuthError) -> Response:
    """Send an error to the client.

    :param redirect_uri: known to be the client's.
    """
    return _to(redirect_uri, mode, error=error.error, error_description=error.description, state=state)


def _to(redirect_uri: str, mode: ResponseMode, **parameters: str | None) -> Response:
    answer = {name: value for name, value in parameters.items() if value is not None}
    answer["iss"] = parts().settings.issuer
    return _posted(redirect_uri, answer) if mode is ResponseMode.FORM_POST else _redirected(redirect_uri, answer)


def _redirected(redirect_uri: str, answer: dict[str, str]) -> Response:
    """Redirect with 303, which a browser follows by GET whatever it sent (RFC 9700 §4.12).

    A query that was registered with the redirect URI stays as it is.
    """
    return sent_to(redirect_uri, answer)


def _posted(redirect_uri: str, answer: dict[str, str]) -> Response:
    """Let the browser post the answer: by itself, or by a button where scripts are off."""
    page = make_response(render_template("form_post.html", redirect_uri=redirect_uri, answer=answer, script=SUBMIT))
    headers.let_the_form_post_itself(page, redirect_uri, script_hash=_SUBMIT_HASH)
    return page
