"""What delivers each kind of outbox item: the one place where a kind and its delivery meet."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

from idp.domain.context import Context
from idp.services.mailing import deliver as mail
from idp.services.operations.delivery import Deliver
from idp.services.parts import Parts
from idp.services.sessions import backchannel
from idp.store.outbox import OutboxKind


class _Delivery(Protocol):
    def __call__(self, payload: Mapping[str, Any], *, parts: Parts, context: Context) -> None: ...


_DELIVERIES: Mapping[OutboxKind, _Delivery] = {
    OutboxKind.BACKCHANNEL_LOGOUT: backchannel.deliver,
    OutboxKind.MAIL: mail.deliver,
}


def deliverers_of(parts: Parts) -> Mapping[OutboxKind, Deliver]:
    """Return what delivers each kind, with the process' parts and a context of the moment."""

    def deliver(delivery: _Delivery, payload: Mapping[str, Any]) -> None:
        delivery(payload, parts=parts, context=Context.of_worker(parts.clock.now()))

    return {kind: partial(deliver, delivery) for kind, delivery in _DELIVERIES.items()}
