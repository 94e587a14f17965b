"""Ending what people have open: which services are told, and what the page after it can say."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from idp.domain.identifiers import AccountCode, ClientId, SessionId, UserId
from idp.services.sessions import ending, logout
from idp.services.sessions.logout import Progress
from idp.store import outbox, subjects
from idp.store.outbox import OutboxItem
from idp.store.unit_of_work import reading, unit_of_work
from tests.services.conftest import KIM, NOW
from tests.store.conftest import add_family, new_client

EAR = "https://studio.example.com/backchannel"


@pytest.fixture
def kim(connect, enter):
    """Kim, signed in twice: user id and the two sids."""
    okta = connect()
    here = enter(okta, KIM)
    there = enter(okta, KIM)
    with reading() as session:
        user_id = subjects.in_session(session, here.sid)[0].user_id
    return user_id, here.sid, there.sid


def open_at(kim, client: str, sid: SessionId, *, ear: str | None = EAR, offline: bool = False) -> str:
    """Give a client tokens for Kim; returns the family."""
    family = f"{client}-{sid}"[:32]
    with unit_of_work() as session:
        row = new_client(client)
        row.backchannel_logout_uri = ear
        session.merge(row)
        session.flush()
        add_family(session, family, client=client, user=kim[0], sid=sid, offline=offline)
    return family


def counts(family: str) -> bool:
    with reading() as session:
        return subjects.of_live_family(session, family, jti="any") is not None


def told() -> set[tuple[str, str]]:
    """Which client is told of which session."""
    with reading() as session:
        return {(one["client_id"], one["sid"]) for one in session.scalars(select(OutboxItem.payload))}


def ended(act) -> None:
    with unit_of_work() as session:
        act(session)


class TestWhoIsTold:
    def test_every_service_of_the_session_and_of_no_other(self, kim, context):
        _, here, there = kim
        families = [open_at(kim, "studio", here), open_at(kim, "backend", here), open_at(kim, "studio", there)]
        ended(lambda session: ending.end_sessions(session, [here], context=context))
        assert told() == {("studio", here), ("backend", here)}
        assert [counts(one) for one in families] == [False, False, True]

    def test_a_service_whose_tokens_count_no_more_has_a_session_of_its_own(self, kim, context):
        _, here, _ = kim
        open_at(kim, "studio", here)
        ended(lambda session: ending.end_at_client(session, kim[0], ClientId("studio"), context=context))
        ended(lambda session: ending.end_sessions(session, [here], context=context))
        with reading() as session:
            assert len(session.scalars(select(OutboxItem.id)).all()) == 2

    def test_tokens_that_outlive_the_session_go_on_and_their_service_is_told_of_it(self, kim, context):
        _, here, _ = kim
        family = open_at(kim, "studio", here, offline=True)
        ended(lambda session: ending.end_sessions(session, [here], context=context))
        assert counts(family)
        assert told() == {("studio", here)}

    def test_everywhere_means_offline_too_and_every_session(self, kim, context):
        user, here, there = kim
        families = [open_at(kim, "studio", here, offline=True), open_at(kim, "backend", there)]
        ended(lambda session: ending.end_all_of_user(session, UserId(user), context=context))
        assert told() == {("studio", here), ("backend", there)}
        assert not any(counts(one) for one in families)

    def test_a_session_that_has_ended_is_told_once(self, kim, context):
        _, here, _ = kim
        open_at(kim, "studio", here)
        for _ in range(2):
            ended(lambda session: ending.end_sessions(session, [here], context=context))
        with reading() as session:
            assert len(session.scalars(select(OutboxItem.id)).all()) == 1

    def test_an_account_that_is_disabled_tells_all(self, kim, context):
        _, here, there = kim
        open_at(kim, "studio", here)
        open_at(kim, "backend", there)
        ended(lambda session: ending.end_all_of_account(session, AccountCode("acme"), context=context))
        assert told() == {("studio", here), ("backend", there)}

    def test_nothing_is_told_of_what_is_rolled_back(self, kim, context):
        _, here, _ = kim
        family = open_at(kim, "studio", here)

        def fails(session) -> None:
            ending.end_sessions(session, [here], context=context)
            raise RuntimeError

        with pytest.raises(RuntimeError):
            ended(fails)
        assert told() == set()
        assert counts(family)


class TestThePage:
    def test_it_tells_what_became_of_each_service(self, kim, context):
        _, here, _ = kim
        for client in ("away", "gone", "studio"):
            open_at(kim, client, here)
        open_at(kim, "old", here, ear=None)
        reference = logout.sign_out([here], context=context)
        assert self.progress(reference, context) == {
            "away": Progress.WAITING,
            "gone": Progress.WAITING,
            "studio": Progress.WAITING,
            "old": Progress.DEAF,
        }
        with unit_of_work() as session:
            for item in session.scalars(select(OutboxItem)):
                item.done_at = NOW if item.payload["client_id"] == "studio" else None
                item.dead_at = NOW if item.payload["client_id"] == "gone" else None
        assert self.progress(reference, context) == {
            "away": Progress.WAITING,
            "gone": Progress.UNREACHABLE,
            "studio": Progress.TOLD,
            "old": Progress.DEAF,
        }

    def test_what_an_operator_dropped_will_not_be_told(self, kim, context):
        _, here, _ = kim
        open_at(kim, "studio", here)
        reference = logout.sign_out([here], context=context)
        with unit_of_work() as session:
            outbox.remove(session, session.scalars(select(OutboxItem.id)).one())
        assert self.progress(reference, context) == {"studio": Progress.UNREACHABLE}

    def test_of_two_sessions_at_one_service_the_worse_news_counts(self, kim, context):
        _, here, there = kim
        open_at(kim, "studio", here)
        open_at(kim, "studio", there)
        reference = logout.sign_out([here, there], context=context)
        with unit_of_work() as session:
            session.scalars(select(OutboxItem)).first().done_at = NOW
        assert self.progress(reference, context) == {"studio": Progress.WAITING}

    def test_nothing_is_kept_where_nothing_ended(self, kim, context):
        _, here, _ = kim
        logout.sign_out([here], context=context)
        assert logout.progress_of(logout.sign_out([here], context=context), context=context) is None

    @pytest.mark.parametrize("reference", ["", "x", "x" * 43, "é\ud800"])
    def test_an_unknown_reference_tells_nothing(self, kim, context, reference):
        assert logout.progress_of(reference, context=context) is None

    def progress(self, reference: str, context) -> dict[str, Progress]:
        found = logout.progress_of(reference, context=context)
        return {one.client_id: one.progress for one in found}
