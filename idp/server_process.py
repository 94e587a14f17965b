"""The application as a process of the production server loads it."""

from __future__ import annotations

from flask import Flask

from idp.app import create_app
from idp.serving import leave_interrupts_to_the_parent


def create_served_app() -> Flask:
    """Build the application, in a process that ends when its parent says so."""
    leave_interrupts_to_the_parent()
    return create_app()
