"""``python -m bench.people``: whether the list of an account's people takes longer when there are very many of them.

Two accounts of one instance, with 100 people and with 100,000; their managers
ask in turns for the same things. What counts is the ratio of the medians. Of
the large account rare and frequent names are sought, a page far down, and roles.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import insert

from bench import machine, processes, wire
from bench.driver import Load
from bench.machine import Unsuitable
from bench.modes import Supply, Unit
from bench.ours import PROVIDER, UPSTREAM_ISSUER, Instance, idp, signed_in
from bench.processes import NotStarted, free_port
from bench.servers import IDP
from bench.wire import Wrong
from idp.app import create_app
from idp.domain.roles import Role
from idp.settings import Settings
from idp.store.db import db
from idp.store.unit_of_work import unit_of_work
from idp.store.user_terms import UserTerm, terms_of
from idp.store.users import User

SIZES: Mapping[str, int] = {"small": 100, "large": 100_000}
AT_MOST = 2.0
"""The large account may take so many times as long as the small one."""
ROUNDS, WARM_UP, SECONDS = 7, 0.5, 1.5
_AT_ONCE = 2000
_FIRST = ("Aaliyah", "Bram", "Chloé", "Daan", "Emma", "Finn", "Greta", "Hugo", "Isa", "Jürgen")
_LAST = ("de Vries", "Müller", "van den Berg", "Schmidt", "Jansen", "Weber", "Bakker", "Fischer", "Visser", "Wagner")
QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "first page": {},
    "managers": {"role": Role.MANAGER},
    "frequent name": {"q": "jansen"},
    "two names": {"q": "emma jansen"},
    "a number": {"q": "99"},
    "nobody": {"q": "zzzz"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one round showed: seconds of the median request, by account."""

    question: str
    seconds: Mapping[str, float]

    @property
    def ratio(self) -> float:
        """How many times as long the large account takes."""
        return self.seconds["large"] / self.seconds["small"]


def main() -> int:
    """Measure and print; exits 1 when something takes too long, or could not be measured."""
    try:
        here = machine.look()
        with tempfile.TemporaryDirectory(prefix="idp-bench-") as folder:
            rounds = measured(Path(folder), server_core=here.server_core, load_core=here.load_core)
    except (Unsuitable, NotStarted, Wrong) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    print(f"Commit {here.commit}, {here.date}, {ROUNDS} alternating rounds; {here.cpu}, {here.cores} cores.\n")
    print(table(rounds))
    return 1 if any(_middle(rounds, question) > AT_MOST for question in QUESTIONS) else 0


def measured(folder: Path, *, server_core: int, load_core: int) -> Sequence[Asked]:
    """Make the instance, serve it on one core and ask from the other."""
    instance = Instance(folder=folder / "idp", port=free_port())
    cookies = seed(instance)
    processes.pin(load_core)
    log_file = folder / "server.log"
    command = (IDP, "serve", "--bind", f"127.0.0.1:{instance.port}", "--no-worker")
    with processes.started(command, log_file, core=server_core, settings=instance.settings) as process:
        processes.first_answer(process, instance.port, log_file)
        return [
            Asked(
                question=question,
                seconds={
                    account: _median_seconds(instance.port, account, cookies[account], asked)
                    for account in (SIZES if number % 2 else reversed(SIZES))
                },
            )
            for number in range(ROUNDS)
            for question, asked in QUESTIONS.items()
        ]


def seed(instance: Instance) -> Mapping[str, str]:
    """Make both accounts; returns the cookie of each one's manager."""
    instance.folder.mkdir(parents=True)
    app = create_app(Settings.load({**instance.settings, "IDP_LOG_LEVEL": "warning"}, root=instance.folder))
    secret_file = instance.folder / "upstream-secret"
    secret_file.write_text("nobody is asked")
    idp(app, "init")
    cookies = {}
    for account, size in SIZES.items():
        idp(app, "accounts", "create", account, "--name", account.title())
        idp(
            app,
            *("providers", "create", account, PROVIDER, "--kind", "oidc", "--issuer", UPSTREAM_ISSUER),
            *("--client-id", "deepdesk", "--client-secret-file", str(secret_file), "--role-based-iam"),
        )
        cookies[account] = signed_in(app, 0, account=account)
        _people(app, account, size)
    with app.app_context():
        db.engine.dispose()
    return cookies


def table(rounds: Sequence[Asked]) -> str:
    """Return the medians as Markdown."""
    lines = [
        "| question | 100 people | 100,000 people | ratio (lowest–highest) | at most |",
        "| --- | --- | --- | --- | --- |",
    ]
    for question in QUESTIONS:
        ratios = sorted(one.ratio for one in rounds if one.question == question)
        small, large = (median(one.seconds[account] for one in rounds if one.question == question) for account in SIZES)
        verdict = "" if median(ratios) <= AT_MOST else " **missed**"
        lines.append(
            f"| {question} | {small * 1000:.1f} ms | {large * 1000:.1f} ms | "
            f"{median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f}) | {AT_MOST}{verdict} |"
        )
    return "\n".join(lines)


def _middle(rounds: Sequence[Asked], question: str) -> float:
    return median(one.ratio for one in rounds if one.question == question)


def _median_seconds(port: int, account: str, cookie: str, asked: Mapping[str, str]) -> float:
    request = wire.get(
        f"127.0.0.1:{port}", f"/manage/people/?{urlencode({'account': account, **asked})}", {"Cookie": cookie}
    )

    def unit() -> Unit:
        (yield request).must_be(200)

    supply: Supply = unit
    with Load(port, iter([supply])) as load:
        load.closed(WARM_UP)
        return median(load.closed(SECONDS).latencies)


def _people(app: Flask, account: str, size: int) -> None:
    rows = _rows(app, account, size)
    with app.app_context():
        while some := list(islice(rows, _AT_ONCE)):
            with unit_of_work() as session:
                session.execute(insert(User), some)
                terms = [
                    {"user_id": row["id"], "term": term, "account_code": account}
                    for row in some
                    for term in sorted(terms_of(User(**row)))
                ]
                session.execute(insert(UserTerm), terms)


def _rows(app: Flask, account: str, size: int) -> Iterator[dict[str, object]]:
    now = app.extensions["deepdesk-idp"].clock.now() - timedelta(days=1)
    for number in range(size):
        first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
        email = f"agent.{number}@{account}.example"
        yield {
            "id": f"{account}-{number:08}",
            "account_code": account,
            "email": email,
            "email_canonical": email,
            "email_held": True,
            "email_vouched": False,
            "email_proved": False,
            "platform_id": None,
            "name": f"{first} {last}",
            "given_name": first,
            "family_name": last,
            "roles": [Role.AGENT.value],
            "enabled": True,
            "created_at": now,
        }


if __name__ == "__main__":
    sys.exit(main())
