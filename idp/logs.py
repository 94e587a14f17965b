"""Structured logs: one line an event, with the request's code; never a query string, a body or a secret."""

from __future__ import annotations

import logging
import sys
import time

import structlog
from flask import Flask, Response, g, request

from idp.browser.runtime import request_id
from idp.settings import LogFormat, Settings

log = structlog.get_logger()
_QUIET = frozenset({"/healthz", "/readyz"})


def configure(settings: Settings) -> None:
    """Set up logging for the process; lines go to standard error."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def init_app(app: Flask) -> None:
    """Write one line a request, and let every other line of it carry its code."""

    @app.before_request
    def begin() -> None:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id())
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        if request.path not in _QUIET:
            log.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round((time.perf_counter() - g.began) * 1000, 1) if "began" in g else None,
            )
        return response
