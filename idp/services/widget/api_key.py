"""The API key bridge: a platform page vouches for its agent with the account's key (DOMAIN.md; CONTRACT §6 rule 4)."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from idp.domain.bridges import Bridge
from idp.domain.context import Context
from idp.domain.errors import BridgeRefused, TooManyNewPeople
from idp.domain.identifiers import AccountCode
from idp.services.parts import Parts
from idp.services.widget import arrival
from idp.services.widget.arrival import PEOPLE_CAP, Caller, Vouched
from idp.services.widget.given import Cookies
from idp.store import api_keys
from idp.store.unit_of_work import unit_of_work


def enter(
    account: AccountCode,
    api_key: str,
    *,
    agent_id: str,
    agent_name: str | None,
    caller: Caller,
    parts: Parts,
    context: Context,
) -> Cookies:
    """Let an agent in by the account's API key. Every agent can read the key: it never gives more than agent.

    One transaction. An alarm stands although the call fails.

    :raises BridgeRefused: the key is not this account's or was revoked, or the agent may not enter.
    :raises TooManyNewPeople: it made as many new people within the hour as it may.
    """
    arguments = (account, api_key, agent_id, agent_name, caller, parts, context)
    try:
        return _enter(*arguments)
    except IntegrityError:
        # The same agent arrived twice at once for the first time: now they are known.
        return _enter(*arguments)


def _enter(
    account: AccountCode,
    api_key: str,
    agent_id: str,
    agent_name: str | None,
    caller: Caller,
    parts: Parts,
    context: Context,
) -> Cookies:
    with unit_of_work() as session:
        key = api_keys.find(session, api_key)
        if key is None or key.account_code != account or key.revoked_at is not None:
            raise BridgeRefused("The API key is not valid for this account.")
        arrival.check_account(session, account)
        vouched = Vouched(
            account=account,
            bridge=Bridge.API_KEY,
            secret_id=key.id,
            platform_id=agent_id,
            name=agent_name,
            capped=True,
        )
        entered = None
        # First: it keeps the key's other callers waiting, so that those who come at once are counted.
        api_keys.note_use(session, key.id, now=context.now)
        arrival.claim(session, account, Bridge.API_KEY, agent_id)
        if arrival.is_over_cap(session, vouched, parts=parts, context=context):
            arrival.alarm(session, account, Bridge.API_KEY, key.id, PEOPLE_CAP, context)
        else:
            entered = arrival.let_in(session, vouched, caller, parts=parts, context=context)
    if entered is None:
        raise TooManyNewPeople("This key made too many new agents. Try again later.")
    return entered
