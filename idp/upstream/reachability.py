"""Whether endpoints without discovery can be reached from here, in sentences for whoever connects them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import urlsplit

from idp.domain.errors import UpstreamUnavailable
from idp.domain.provider_findings import Topic
from idp.outbound.http import Answer, HttpClient
from idp.upstream.answers import ask
from idp.upstream.clocks import clock_problems
from idp.upstream.finding import Finding


def diagnose_hosts(addresses: Mapping[str, str | None], http: HttpClient, *, now: datetime) -> tuple[Finding, ...]:
    """Knock at each host once and return one finding a problem; none when all is well.

    Nothing is sent that would open anything: a host that refuses the question is reached.

    :param addresses: by the option that sets them.
    """
    problems: dict[str, tuple[Finding, ...]] = {}
    for option, address in addresses.items():
        if address is None:
            problems[option] = (Finding(f"The provider has no {option}; give one.", topic=Topic.SETTINGS),)
        elif _origin(address) not in problems:
            problems[_origin(address)] = tuple(_problems(option, address, http, now))
    return tuple(problem for found in problems.values() for problem in found)


def _problems(option: str, address: str, http: HttpClient, now: datetime) -> Iterator[Finding]:
    host = urlsplit(address).netloc
    try:
        answer = ask(option, lambda: http.get(address))
    except UpstreamUnavailable as error:
        yield Finding(
            f"{host} cannot be reached: {error.evidence['reason']}. Check {option}, and whether this machine "
            "resolves and reaches other names.",
            topic=Topic.REACHABILITY,
        )
        return
    yield from _status_problems(option, host, answer)
    yield from clock_problems(answer, now)


def _status_problems(option: str, host: str, answer: Answer) -> Iterator[Finding]:
    if answer.status >= 500:
        yield Finding(
            f"{host} answers with status {answer.status}. Check {option}, or ask the provider.",
            topic=Topic.REACHABILITY,
        )


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
