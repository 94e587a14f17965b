"""What looking at an upstream found out."""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.provider_findings import Topic


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    :param what: a sentence, with its mend where something is wrong.
    :param breaks: sign-ins fail until it is mended; otherwise it deserves attention.
    """

    what: str
    breaks: bool = True
    topic: Topic = Topic.OTHER
