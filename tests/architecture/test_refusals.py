"""Every refusal of the domain has a place where it is told: an OAuth error, a page, or the command line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from idp.domain import errors
from idp.domain.errors import DomainError, NotAdmitted, Refusal, UpstreamError
from idp.pages.errors import PAGES
from idp.pages.messages import ERROR_TEXTS
from idp.protocol.errors import OAUTH_ERRORS
from idp.widget.answers import REFUSALS

TOLD_BY_COMMANDS = {errors.Invalid, errors.AlreadyExists, errors.NotBuilt}
TOLD_BY_THE_WORKER = {errors.DeliveryFailed, errors.DeliveryRefused}
CHOOSES_ITS_PAGE = {NotAdmitted}
NEVER_RAISED_ITSELF = {UpstreamError}


def below(error: type[DomainError]) -> Iterator[type[DomainError]]:
    for one in error.__subclasses__():
        yield one
        yield from below(one)


@pytest.mark.parametrize("error", sorted(set(below(DomainError)), key=lambda one: one.__name__))
def test_every_refusal_is_told_somewhere(error: type[DomainError]) -> None:
    by_the_edges = OAUTH_ERRORS.keys() | PAGES.keys() | REFUSALS.keys() | TOLD_BY_COMMANDS | TOLD_BY_THE_WORKER
    told = by_the_edges | CHOOSES_ITS_PAGE | NEVER_RAISED_ITSELF
    assert error in told


@pytest.mark.parametrize("name", [*(name for name, _ in PAGES.values()), *Refusal])
def test_every_page_has_its_words(name: str) -> None:
    assert name in ERROR_TEXTS
