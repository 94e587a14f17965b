"""A session that is held does not end before the transaction that holds it."""

from __future__ import annotations

import threading

from flask import Flask

from idp.store import endings, subjects
from idp.store.unit_of_work import unit_of_work
from tests.store.conftest import NOW
from tests.store.test_sso_sessions import KIM


def test_an_end_waits_for_whoever_holds_the_session(acme: Flask) -> None:
    ended = threading.Event()

    def end() -> None:
        with acme.app_context(), unit_of_work() as other:
            endings.end(other, endings.of_sessions([KIM]), now=NOW)
        ended.set()

    with unit_of_work() as session:
        assert subjects.in_session(session, KIM)
        ending = threading.Thread(target=end)
        ending.start()
        assert not ended.wait(0.3)
    ending.join(10)
    assert ended.is_set()


def test_what_has_ended_cannot_be_held(acme: Flask) -> None:
    with unit_of_work() as session:
        endings.end(session, endings.of_sessions([KIM]), now=NOW)
        assert not subjects.in_session(session, KIM)
