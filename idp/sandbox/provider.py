"""This provider as the sandbox serves it: the real application, a landing page at ``/`` and a mailbox."""

from __future__ import annotations

import os

from flask import Flask

from idp.app import create_app
from idp.outbound.mailbox import FOLDER
from idp.sandbox.landing.page import Choice, LandingFacts, WayIn, create_landing
from idp.sandbox.mailbox import create_mailbox
from idp.sandbox.platform.faults import Fault
from idp.sandbox.platform.kinds import OIDC
from idp.sandbox.platform.people import ENTRA_PEOPLE, GENESYS_PEOPLE, GOOGLE_PEOPLE, PEOPLE, Person
from idp.sandbox.world import ACCOUNT, WORLD_VARIABLE, World
from idp.services.parts import EXTENSION, Parts
from idp.serving import leave_interrupts_to_the_parent


def create_sandbox_provider() -> Flask:
    """Build the application in a server process; the world comes from the environment."""
    leave_interrupts_to_the_parent()
    world = World.from_json(os.environ[WORLD_VARIABLE])
    app = create_app()
    app.register_blueprint(create_landing(_facts(world)))
    parts: Parts = app.extensions[EXTENSION]
    settings = parts.settings
    mails_leave = settings.mail_server is not None
    app.register_blueprint(create_mailbox(settings.instance_dir / FOLDER, mails_leave=mails_leave))
    return app


def _facts(world: World) -> LandingFacts:
    return LandingFacts(
        issuer=world.issuer,
        platform_url=world.platform_url,
        sample_service_url=world.sample_url,
        widget_page_url=world.widget_page_url,
        account_code=ACCOUNT,
        people=tuple(Choice(name=person.name, meaning=person.about) for person in PEOPLE),
        faults=tuple(
            Choice(name=fault.label, meaning="")
            for fault in Fault
            if fault is not Fault.NONE and fault.applies_to(OIDC)
        ),
        ways=_ways(),
    )


def _ways() -> tuple[WayIn, ...]:
    """Return a way in by each platform, and by mail; the people differ, since one has one way in until it is linked."""
    return (
        WayIn(
            name="Acme Contact Center",
            meaning="The company's own sign-in",
            choose=_named(PEOPLE, "manager"),
            result="Manager",
        ),
        WayIn(
            name="Genesys Cloud",
            meaning="The platform in which agents work",
            choose=_named(GENESYS_PEOPLE, "agent"),
            result="Agent",
            refused=_named(GENESYS_PEOPLE, "other-organisation"),
            reason="of another organisation",
        ),
        WayIn(
            name="Microsoft Entra ID",
            meaning="Microsoft's sign-in for companies",
            choose=_named(ENTRA_PEOPLE, "editor"),
            result="Studio Editor",
            refused=_named(ENTRA_PEOPLE, "other-tenant"),
            reason="of another company at Microsoft",
        ),
        WayIn(
            name="Deepdesk staff",
            meaning="Deepdesk's own people, with Google",
            choose=_named(GOOGLE_PEOPLE, "staff"),
            result="Manager, as staff",
            refused=_named(GOOGLE_PEOPLE, "staff-2"),
            reason="staff whom nobody let into this account",
        ),
        WayIn(
            name="Email",
            meaning="For people whose company has no sign-in here",
            choose="Any address",
            result=f"Agent, once {_named(PEOPLE, 'manager')} approved",
            refused="Whoever signed in by a platform",
            reason="which is their way from then on",
        ),
    )


def _named(people: tuple[Person, ...], key: str) -> str:
    return next(person.name for person in people if person.key == key)
