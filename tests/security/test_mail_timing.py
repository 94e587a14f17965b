"""Whoever asks for a mail learns nothing of the address by what they are told, or by how long it takes.

CONTRACT §6 rule 10, PITFALLS 33. The times are of this process alone: two asks after one another, one for each of
two addresses, in turns; what a machine does besides falls on both alike.
"""

from __future__ import annotations

import gc
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from idp.limits import throttles
from idp.store.audit_events import AuditEvent
from idp.store.unit_of_work import reading, unit_of_work
from tests.support import measured
from tests.support.app import MIA, OpenIdProvider
from tests.support.forms import forms_of, submits
from tests.support.mail import Correspondent, lets_in_by_mail, started_with

WARM_UP = 30
MOST_OFTEN = 2000
"""More asks of one address than there are below."""
KNOWN = "known@acme.example"
UNKNOWN = "nobody@acme.example"
DISABLED = "gone@acme.example"
LINKED = "linked@acme.example"
STAFF = "casey.staff@deepdesk.example"
REFUSED_DOMAIN = "somebody@elsewhere.example"
THROTTLED = "often@acme.example"
FULL = "asked@acme.example"
DENIED = "denied@acme.example"
EVERYBODY = (KNOWN, UNKNOWN, DISABLED, LINKED, STAFF, REFUSED_DOMAIN, THROTTLED, FULL, DENIED)


@pytest.fixture
def op(op: OpenIdProvider) -> Iterator[OpenIdProvider]:
    """An account in which every answer is possible."""
    lets_in_by_mail(op, access_domains=("acme.example",))
    op.staff_sign_in_with_google()
    for address in (KNOWN, THROTTLED, FULL):
        op.makes(address)
    op.disables(op.makes(DISABLED))
    op.signs_in(op.browser(), replace(MIA, subject="acme-30", email=LINKED))
    denied(op)
    with started_with(op, magic_link_ttl=30 * 86400):
        for _ in range(3):
            Correspondent.of(op, FULL).asks()
    with started_with(op, rate_limits=f"magic_link={MOST_OFTEN}/30d,magic_link_network=99999,magic_link_account=99999"):
        with op.app.app_context(), unit_of_work() as session:
            for _ in range(MOST_OFTEN):
                throttles.wait(
                    session,
                    "magic_link",
                    f"acme:{THROTTLED}",
                    settings=op.parts.settings,
                    context=op.at_this_moment,
                )
        yield op


def denied(op: OpenIdProvider) -> None:
    """Let somebody ask for access, and be turned down."""
    asker = Correspondent.of(op, DENIED)
    asker.asks()
    page = asker.browser.opens(asker.mail().link)
    asker.browser.follows(submits(asker.browser, page, "access-request"))
    [request] = json.loads(op.runs("access-requests", "list", "--account", "acme", "--json"))
    op.runs("access-requests", "deny", request["id"])


def without_its_own(text: str, address: str) -> str:
    """A page or a header without the mail's own name, the form's token and the address that was typed."""
    text = re.sub(r"\?m=[\w-]+", "?m=", text)
    text = re.sub(r'(name="csrf_token" value=")[^"]+', r"\1", text)
    return text.replace(address, "…")


def test_everybody_is_told_the_same(op: OpenIdProvider) -> None:
    told = {}
    for address in EVERYBODY:
        browser = op.browser()
        page = browser.opens("/login/?account=acme")
        [form] = forms_of(page.text)
        sent = browser.posts(form.action, form.fields | {"email": address})
        waits = browser.opens(sent.headers["Location"])
        again = browser.opens(sent.headers["Location"])
        wrong = browser.posts(forms_of(waits.text)[0].action, forms_of(waits.text)[0].fields | {"code": "22222222"})
        told[address] = [
            (
                answer.status_code,
                without_its_own(answer.text, address),
                sorted((name, len(without_its_own(value, address))) for name, value in headers_of(answer)),
            )
            for answer in (sent, waits, again, wrong)
        ]
    assert [address for address in EVERYBODY if told[address] != told[UNKNOWN]] == []


def headers_of(answer: object) -> list[tuple[str, str]]:
    """The headers, but for the body's length, which the address itself changes."""
    given = answer.headers.items()  # type: ignore[attr-defined]
    return [(name, value) for name, value in given if name not in {"Content-Length", "Date"}]


def test_each_is_mailed_what_they_should_be(op: OpenIdProvider) -> None:
    """So that the times below are of so many answers."""
    before = len(answers_in(op))
    for address in EVERYBODY:
        Correspondent.of(op, address).asks()
    given = dict(zip(EVERYBODY, answers_in(op)[before:], strict=True))
    assert given == {
        KNOWN: "link",
        UNKNOWN: "question",
        DISABLED: "disabled",
        LINKED: "single_sign_on",
        STAFF: "staff",
        REFUSED_DOMAIN: "nothing",
        THROTTLED: "nothing",
        FULL: "nothing",
        DENIED: "denied",
    }


def answers_in(op: OpenIdProvider) -> list[str]:
    """What was answered, in its order."""
    with op.app.app_context(), reading() as session:
        trail = session.scalars(select(AuditEvent).where(AuditEvent.kind == "mail.asked").order_by(AuditEvent.id))
        return [event.details["answer"] for event in trail]


@pytest.fixture
def undisturbed() -> Iterator[None]:
    """No collection of garbage falls upon one of two."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def asks_as(client: FlaskClient, address: str) -> Callable[[], None]:
    """Return what asks once for an address, in a browser that has its cookies already."""
    page = client.get("https://login.deepdesk.example/login/?account=acme")
    [form] = forms_of(page.text)
    url, fields = f"https://login.deepdesk.example{form.action}", form.fields | {"email": address}

    def ask() -> None:
        assert client.post(url, data=fields).status_code == 303

    return ask


def processor_seconds(ask: Callable[[], None]) -> float:
    began = time.process_time()
    ask()
    return time.process_time() - began


def test_the_medians_of_500_pairs_are_within_five_percent(op: OpenIdProvider, undisturbed: None) -> None:
    assert medians_apart(op, KNOWN, pairs=500) < 0.05


@pytest.mark.parametrize(
    "address",
    [address for address in EVERYBODY if address not in {KNOWN, UNKNOWN}],
    ids=lambda address: address.partition("@")[0],
)
def test_nor_do_others_stand_out(op: OpenIdProvider, address: str, undisturbed: None) -> None:
    """Fewer pairs, so that chance is given more room; what is left out or done twice costs far more than that."""
    assert medians_apart(op, address, pairs=120) < 0.1


def medians_apart(op: OpenIdProvider, address: str, *, pairs: int) -> float:
    """Return how far the medians of asking for an address and for an unknown one are apart, as a part of the longer."""
    one, other = (asks_as(op.app.test_client(), wanted) for wanted in (address, UNKNOWN))
    for _ in range(WARM_UP):
        one()
        other()
    times: tuple[list[float], list[float]] = ([], [])
    for pair in range(pairs):
        # What was mailed before is too old by now, so that each is mailed what it was the first time.
        op.clock.advance(minutes=10)
        order = ((one, times[0]), (other, times[1]))
        for ask, taken in order if pair % 2 else reversed(order):
            taken.append(processor_seconds(ask))
    assert answers_in(op)[-2] != answers_in(op)[-1]
    first, second = median(times[0]), median(times[1])
    apart = abs(first - second) / max(first, second)
    measured.used[f"asking for {address}"] = (
        f"median {first * 1000:.3f} ms, of {UNKNOWN} {second * 1000:.3f} ms, {apart:.2%} apart, {pairs} pairs"
    )
    return apart
