"""``users/{user_id}/sessions``: where somebody is signed in."""

from __future__ import annotations

from http import HTTPStatus

from idp.api.v1.models import List, Moment, Nothing, Told
from idp.api.v1.operations import Call, operation
from idp.api.v1.paging import whole
from idp.services.people import users as service
from idp.store.sessions_of_people import SessionOfUser

TAG = "sessions"
_OF_USER = "/accounts/{account}/users/{user_id}"


class Session(Told):
    """One of a person's sessions."""

    sid: str
    auth_time: Moment
    amr: list[str]
    created_at: Moment
    last_seen_at: Moment
    expires_at: Moment


class SignedOut(Told):
    """What a sign-out ended."""

    sessions_ended: int


@operation(
    "GET", f"{_OF_USER}/sessions", "sessions.view_session", tag=TAG, summary="List sessions", answer=List[Session]
)
def list_user_sessions(call: Call[Nothing, Nothing], user_id: str) -> List[Session]:
    """The latest sign-in first."""
    found = service.sessions(user_id, account=call.account, context=call.context)
    return whole(List[Session], [_shown(one) for one in found])


@operation(
    "DELETE",
    f"{_OF_USER}/sessions/{{sid}}",
    "sessions.delete_session",
    tag=TAG,
    summary="End a session",
    answer=None,
    status=HTTPStatus.NO_CONTENT,
)
def end_user_session(call: Call[Nothing, Nothing], user_id: str, sid: str) -> None:
    """With all that hangs on it."""
    service.end_session(user_id, sid, account=call.account, context=call.context)


@operation(
    "POST",
    f"{_OF_USER}/sign-out",
    "sessions.delete_session",
    tag=TAG,
    summary="Sign a person out everywhere",
    answer=SignedOut,
)
def sign_user_out(call: Call[Nothing, Nothing], user_id: str) -> SignedOut:
    """Ends everything that they have open, in every browser and at every service."""
    return SignedOut(sessions_ended=service.sign_out(user_id, account=call.account, context=call.context))


def _shown(one: SessionOfUser) -> Session:
    return Session(
        sid=one.sid,
        auth_time=one.auth_time,
        amr=list(one.amr),
        created_at=one.created_at,
        last_seen_at=one.last_seen_at,
        expires_at=one.expires_at,
    )
