"""Liveness and readiness, for whoever runs the servers."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from idp.browser.runtime import parts
from idp.services.operations import readiness

blueprint = Blueprint("probes", __name__)


@blueprint.get("/healthz")
def alive() -> ResponseReturnValue:
    """Say that this process answers; looks at nothing else."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    """Say whether requests can be served: database, migrations and signing keys are there."""
    problems = [finding.what for finding in readiness.findings(parts=parts()) if finding.breaks]
    return jsonify(status="unready" if problems else "ok", problems=problems), 503 if problems else 200
