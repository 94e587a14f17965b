"""An upstream's clock, as its answers show it, beside ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from idp.domain.provider_findings import Topic
from idp.outbound.http import Answer
from idp.upstream.finding import Finding

CLOCK_TOLERANCE = timedelta(seconds=60)


def clock_problems(answer: Answer, now: datetime) -> Iterator[Finding]:
    """Yield a finding when the clocks differ so much that sign-ins would fail."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return
    difference = theirs - now if theirs.tzinfo else timedelta(0)
    if abs(difference) > CLOCK_TOLERANCE:
        seconds = round(abs(difference).total_seconds())
        direction = "ahead of" if difference > timedelta(0) else "behind"
        yield Finding(
            f"The provider's clock is {seconds} seconds {direction} ours; sign-ins will fail. Check both clocks.",
            topic=Topic.CLOCK,
        )
