"""Every page and mail, light and dark, is free of what axe-core finds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.axe import findings
from tests.e2e.conftest import NewPage
from tests.support.gallery import MAIL_ADDRESSES, SAMPLES, create_gallery, create_sample_gallery, serving
from tests.support.node import Node

PAGES = {
    "pages": ["/", *(f"/gallery/{name}" for name in SAMPLES), *MAIL_ADDRESSES.values()],
    "sample service": ["/", "/gallery/signed-in", "/gallery/problem"],
}


@pytest.fixture(scope="module")
def addresses() -> Iterator[list[str]]:
    """The address of every page and mail, filled with sample data."""
    with serving(create_gallery()) as pages, serving(create_sample_gallery()) as sample:
        yield [pages + path for path in PAGES["pages"]] + [sample + path for path in PAGES["sample service"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(scheme: str, addresses: list[str], new_page: NewPage, node: Node) -> None:
    page = new_page(color_scheme=scheme, bypass_csp=True)
    found = []
    for address in addresses:
        answer = page.goto(address)
        assert answer, address
        assert answer.ok, f"{answer.status} {address}"
        found += findings(page)
    assert found == []
