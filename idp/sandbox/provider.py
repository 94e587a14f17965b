"""This provider as the sandbox serves it: the real application with a landing page at ``/``."""

from __future__ import annotations

import os

from flask import Flask

from idp.app import create_app
from idp.sandbox.landing.page import Choice, LandingFacts, create_landing
from idp.sandbox.platform.faults import Fault
from idp.sandbox.platform.people import PEOPLE
from idp.sandbox.world import ACCOUNT, WORLD_VARIABLE, World


def create_sandbox_provider() -> Flask:
    """Build the application in a server process; the world comes from the environment."""
    world = World.from_json(os.environ[WORLD_VARIABLE])
    app = create_app()
    app.register_blueprint(create_landing(_facts(world)))
    return app


def _facts(world: World) -> LandingFacts:
    return LandingFacts(
        issuer=world.issuer,
        platform_url=world.platform_url,
        sample_service_url=world.sample_url,
        account_code=ACCOUNT,
        people=tuple(Choice(name=person.name, meaning=person.about) for person in PEOPLE),
        faults=tuple(Choice(name=fault.label, meaning="") for fault in Fault if fault is not Fault.NONE),
    )
