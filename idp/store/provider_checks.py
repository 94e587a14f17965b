"""What the last look at each upstream provider found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from idp.domain.identifiers import ProviderId
from idp.store.db import Base, core


class ProviderCheck(Base):
    """The last look at one provider.

    :param findings: what deserves attention, each with ``topic``, ``what`` (a sentence in English) and ``breaks``.
    """

    __tablename__ = "provider_checks"

    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.id", ondelete="CASCADE"), primary_key=True)
    checked_at: Mapped[datetime]
    findings: Mapped[list[dict[str, Any]]]


def keep(session: Session, provider: ProviderId, findings: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    """Remember a look in the place of the one before.

    One statement, so that of two looks at the same moment neither fails.
    """
    changed = {"checked_at": now, "findings": [dict(one) for one in findings]}
    if core(session).dialect.name == "postgresql":
        first: postgresql.Insert | sqlite.Insert = postgresql.insert(ProviderCheck)
    else:
        first = sqlite.insert(ProviderCheck)
    kept = first.values(provider_id=provider, **changed)
    session.execute(kept.on_conflict_do_update(index_elements=[ProviderCheck.provider_id], set_=changed))


def of_providers(session: Session, provider_ids: Iterable[str]) -> Mapping[str, ProviderCheck]:
    """Return the last looks by the provider's id; none for one that was never looked at."""
    query = select(ProviderCheck).where(ProviderCheck.provider_id.in_(list(provider_ids)))
    return {row.provider_id: row for row in session.scalars(query)}
