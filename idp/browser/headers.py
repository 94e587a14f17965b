"""Headers of every answer: what a browser may load, frame, keep and tell others."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response

from idp.settings import Settings

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action {}; base-uri 'none'; frame-ancestors 'none'"
)
CONTENT_SECURITY_POLICY = _POLICY.format("'self'")
HSTS = "max-age=63072000; includeSubDomains"


def let_forms_end_at(response: Response, url: str) -> None:
    """Let a form of this page lead on to ``url``: Chromium applies ``form-action`` to the redirects after it, too.

    :param url: a client's redirect URI; of a custom scheme, and of a host that CSP cannot name, the scheme counts.
    """
    response.headers["Content-Security-Policy"] = _POLICY.format(f"'self' {_source(url)}")


def let_the_form_post_itself(response: Response, url: str, *, script_hash: str) -> None:
    """Let the one script of this page post its form to ``url``.

    The receiver may compare the ``Origin`` of what arrives, which ``no-referrer`` would take away.

    :param script_hash: SHA-256 of the script, in base64 (CSP 3 §2.3.1).
    """
    policy = f"{_POLICY.format(_source(url))}; script-src 'sha256-{script_hash}'"
    response.headers["Content-Security-Policy"] = policy
    response.headers["Referrer-Policy"] = "origin"


def _source(url: str) -> str:
    parts = urlsplit(url)
    is_nameable = parts.scheme in {"http", "https"} and "[" not in parts.netloc
    return f"{parts.scheme}://{parts.netloc}" if is_nameable else f"{parts.scheme}:"


def let_forms_end_anywhere(response: Response) -> None:
    """Let a form of this page lead on to whichever upstream provider the answer chooses."""
    response.headers["Content-Security-Policy"] = _POLICY.format("*")


def init_app(app: Flask, settings: Settings) -> None:
    """Add the headers to every answer of the application; what a view has set stays."""

    @app.after_request
    def add(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "no-referrer")
        headers.setdefault("Cache-Control", "no-store")
        if response.mimetype == "text/html":
            headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            headers.setdefault("X-Frame-Options", "DENY")
        if settings.is_https:
            headers.setdefault("Strict-Transport-Security", HSTS)
        return response
