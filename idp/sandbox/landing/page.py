"""The page at ``/`` of the provider while it runs as a sandbox.

It borrows the frame and stylesheet of the pages for people (blueprint
``pages``). It is for developers, in English, and not translated.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something that can be chosen at the simulated platform: a person to be, or a fault to switch on."""

    name: str
    meaning: str
    """One sentence; empty where the name says it all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayIn:
    """One of the ways in that the sign-in page offers.

    :param name: what its button says, after "Continue with".
    :param choose: whom to be there, by full name.
    :param result: what that person is at the service.
    :param refused: somebody whom this provider refuses, and ``reason``; empty where there is nobody to show.
    """

    name: str
    meaning: str
    choose: str
    result: str
    refused: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingFacts:
    """What the sandbox knows about itself; addresses are absolute, without a trailing slash."""

    issuer: str
    platform_url: str
    sample_service_url: str
    widget_page_url: str
    account_code: str
    people: tuple[Choice, ...]
    faults: tuple[Choice, ...]
    ways: tuple[WayIn, ...] = ()


def create_landing(view: LandingFacts) -> Blueprint:
    """Return the blueprint ``landing``, which answers ``/`` and serves its stylesheet below ``/sandbox/static``."""
    landing = Blueprint(
        "landing",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/sandbox/static",
    )

    @landing.get("/")
    def front() -> ResponseReturnValue:
        return render_template("landing/front.html", facts=view)

    return landing
