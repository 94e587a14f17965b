"""Whether this provider can serve: what ``/readyz`` asks and ``idp doctor`` explains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from idp.domain.client_words import SigningAlg
from idp.domain.provider_findings import Topic
from idp.services.parts import MIGRATIONS, Parts
from idp.store import signing_keys
from idp.store.signing_keys import KeyState, KeyUse, SigningKey
from idp.store.unit_of_work import reading
from idp.tokens import keys
from idp.tokens.sealing import CannotOpen


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    :param part: what it is about: database, migrations, keys, settings.
    :param what: one sentence, with its mend when something is wrong.
    :param breaks: requests cannot be served until it is mended.
    :param topic: what it is about, where it is a provider.
    """

    part: str
    what: str
    breaks: bool = False
    deserves_attention: bool = False
    topic: Topic = Topic.OTHER


def findings(*, parts: Parts) -> Sequence[Finding]:
    """Look at database, migrations and keys, in that order; what rests on something broken is not looked at."""
    found: list[Finding] = []
    for look in (_database, _migrations, _keys):
        found += look(parts)
        if any(finding.breaks for finding in found):
            break
    return found


def settings_findings(parts: Parts) -> Iterator[Finding]:
    """Tell what the settings allow but deserves a second thought. They were checked whole at the start."""
    warnings = parts.settings.warnings()
    for warning in warnings:
        yield Finding(part="settings", what=warning, deserves_attention=True)
    if not warnings:
        yield Finding(part="settings", what=f"All settings are right; the issuer is {parts.settings.issuer}.")


def _database(_parts: Parts) -> Iterator[Finding]:
    try:
        with reading() as session:
            name = session.connection().dialect.name
    except SQLAlchemyError as error:
        reason = type(error).__name__
        yield Finding(
            part="database",
            what=f"The database cannot be reached ({reason}); check IDP_DATABASE_URL and that it is running.",
            breaks=True,
        )
    else:
        yield Finding(part="database", what=f"The database answers ({name}).")


def _migrations(_parts: Parts) -> Iterator[Finding]:
    wanted = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    with reading() as session:
        present = MigrationContext.configure(session.connection()).get_current_revision()
    if present != wanted:
        what = "The tables are not those of this version; run: idp init"
        yield Finding(part="migrations", what=what, breaks=True)
    else:
        yield Finding(part="migrations", what=f"All migrations have run ({present}).")


def _keys(parts: Parts) -> Iterator[Finding]:
    with reading() as session:
        rows = signing_keys.everyone(session)
    for use, algorithms in keys.ALGORITHMS.items():
        for alg in algorithms:
            held = {row.state: row for row in rows if (row.use, row.alg) == (use, alg)}
            yield _current_key(_name(use, alg), use, held.get(KeyState.CURRENT), parts)
            if KeyState.CURRENT in held and KeyState.NEXT not in held:
                what = f"There is no next {_name(use, alg)}, so the keys cannot be rotated; run: idp init"
                yield Finding(part="keys", what=what, deserves_attention=True)


def _current_key(name: str, use: KeyUse, row: SigningKey | None, parts: Parts) -> Finding:
    # Nothing is signed with the keys of cookie tokens yet: without them everything can be served.
    breaks = use is KeyUse.OAUTH
    if row is None:
        what = f"There is no {name}; run: idp init"
    elif not _opens(row, parts):
        what = (
            f"The {name} {row.kid} cannot be opened; "
            "put the key that sealed it back into IDP_SECRET_KEYS (or IDP_KEY_ENCRYPTION_KEYS)."
        )
    else:
        return Finding(part="keys", what=f"The {name} {row.kid} can be used.")
    return Finding(part="keys", what=what, breaks=breaks, deserves_attention=not breaks)


def _name(use: KeyUse, alg: SigningAlg) -> str:
    return f"{alg} signing key" if use is KeyUse.OAUTH else f"{alg} signing key of cookie tokens"


def _opens(row: SigningKey, parts: Parts) -> bool:
    try:
        keys.private_key(row, parts.sealer)
    except CannotOpen:
        return False
    return True
