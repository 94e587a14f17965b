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
_OF_ALL = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store"))
_OF_PAGES = (("Content-Security-Policy", CONTENT_SECURITY_POLICY), ("X-Frame-Options", "DENY"))


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


def let_own_scripts_run(response: Response) -> None:
    """Let this page run a script of ours that is a file of its own."""
    response.headers["Content-Security-Policy"] = f"{CONTENT_SECURITY_POLICY}; script-src 'self'"


def _source(url: str) -> str:
    parts = urlsplit(url)
    is_nameable = parts.scheme in {"http", "https"} and "[" not in parts.netloc
    return f"{parts.scheme}://{parts.netloc}" if is_nameable else f"{parts.scheme}:"


def let_forms_end_anywhere(response: Response) -> None:
    """Let a form of this page lead on to whichever upstream provider the answer chooses."""
    response.headers["Content-Security-Policy"] = _POLICY.format("*")


def init_app(app: Flask, settings: Settings) -> None:
    """Add the headers to every answer of the application; what a view has set stays."""
    of_all = [*_OF_ALL, *([("Strict-Transport-Security", HSTS)] if settings.is_https else [])]
    of_pages = [*of_all, *_OF_PAGES]

    @app.after_request
    def add(response: Response) -> Response:
        wanted = of_pages if response.mimetype == "text/html" else of_all
        present = {name.lower() for name, _ in response.headers}
        for name, value in wanted:
            if name.lower() not in present:
                response.headers.add(name, value)
        return response
