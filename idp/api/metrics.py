"""``/metrics`` in the text format of Prometheus (CONTRACT §3); so far, how long people wait for access.

Read from the database at each look, so it is the same from every worker and host.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import timedelta
from ipaddress import ip_address

from flask import Blueprint, Response, abort, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from idp.browser.runtime import context, parts
from idp.domain.secrets import equal
from idp.services.people import time_to_access

BUCKETS = (60, 300, 900, 3600, 4 * 3600, 24 * 3600, 72 * 3600, 7 * 24 * 3600)
"""Seconds: a minute at the desk, a shift, a day, a weekend, the usual expiry."""
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Tell what is measured, to whoever may know."""
    _require_permission()
    registry = CollectorRegistry()
    registry.register(_AccessTimes())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _AccessTimes(Collector):
    """How long it takes from asking for access to the first sign-in, and who still waits."""

    def collect(self) -> Iterator[Metric]:
        """Read the database."""
        seconds = HistogramMetricFamily(
            "idp_time_to_access_seconds",
            "From asking for access to the first sign-in, of requests that are remembered (half a year).",
            labels=["account"],
        )
        pending = GaugeMetricFamily(
            "idp_access_requests_pending", "Access requests that wait for a decision.", labels=["account"]
        )
        oldest = GaugeMetricFamily(
            "idp_access_request_oldest_seconds", "How long the oldest of them has waited.", labels=["account"]
        )
        for account, waits in time_to_access.by_account(context=context()).items():
            total = sum(wait.total_seconds() for wait in waits.arrived)
            seconds.add_metric([account], _cumulated(waits.arrived), total)
            pending.add_metric([account], len(waits.pending))
            oldest.add_metric([account], max((wait.total_seconds() for wait in waits.pending), default=0))
        yield from (seconds, pending, oldest)


def _cumulated(waits: Sequence[timedelta]) -> list[tuple[str, float]]:
    """Return, for each bucket, how many waits were no longer than that."""
    ordered = sorted(wait.total_seconds() for wait in waits)
    within = [(str(float(bound)), float(bisect_left(ordered, bound + 1e-9))) for bound in BUCKETS]
    return [*within, ("+Inf", float(len(ordered)))]


def _require_permission() -> None:
    """Let in who has the token; where none is set, this machine alone, and in production nobody.

    To whom it is not meant, there is no such page.
    """
    token = parts().settings.metrics_token
    if token is not None:
        scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not equal(presented, token.get_secret_value()):
            abort(404)
        return
    if parts().settings.is_production or not _is_this_machine():
        abort(404)


def _is_this_machine() -> bool:
    """Say whether the peer is on this machine and spoke for nobody else."""
    try:
        peer = ip_address(request.environ.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return peer.is_loopback and not any(name in request.headers for name in _FORWARDED)
