"""The lines that the guide shows beside its programs."""

from __future__ import annotations

from typing import Any

from idp.testing import Kind, Provider
from tests.guides.guide import Guide

GUIDE = Guide(name="testing")


class Context:
    """A real browser, as far as it is given cookies."""

    def __init__(self) -> None:
        self.cookies: list[dict[str, str]] = []

    def add_cookies(self, cookies: list[dict[str, str]]) -> None:
        self.cookies += cookies


def test_the_lines_of_the_page_do_what_they_say(idp: Provider) -> None:
    context, signed_in = Context(), idp.sign_in(idp.user())
    known: dict[str, Any] = {"deepdesk_idp": idp, "signed_in": signed_in, "context": context, "Kind": Kind}
    for block in GUIDE.blocks("py"):
        exec(block, known)  # noqa: S102 - the guide's own lines
    assert [cookie["name"] for cookie in context.cookies] == ["idp_sso.acme"]


def test_every_factory_stands_on_the_page() -> None:
    page = GUIDE.page.read_text(encoding="utf-8")
    factories = [name for name in vars(Provider) if not name.startswith("_") and callable(getattr(Provider, name))]
    assert [name for name in factories if f"idp.{name}(" not in page] == []
