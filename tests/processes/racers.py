"""Processes that send one form to a provider at the same moment, each over a connection of its own.

They import next to nothing, and are forked where that little is imported
already: eight that each began with all that a test imports would be busy for
many seconds before they meet.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Barrier
from typing import Any

import requests

PROCESSES = 8
PATIENCE_SECONDS = 60

Outcome = tuple[int, dict[str, Any]]


def race(url: str, form: dict[str, str], credentials: tuple[str, str]) -> list[Outcome]:
    """Let all of them send the form; returns each one's status and JSON."""
    forking = multiprocessing.get_context("forkserver")
    start, answers = forking.Barrier(PROCESSES), forking.Queue()
    racers = [forking.Process(target=_present, args=(start, answers, url, form, credentials)) for _ in range(PROCESSES)]
    for racer in racers:
        racer.start()
    outcomes = [answers.get(timeout=PATIENCE_SECONDS) for _ in racers]
    for racer in racers:
        racer.join()
        racer.close()
    answers.close()
    answers.join_thread()
    return outcomes


def _present(start: Barrier, answers: Any, url: str, form: dict[str, str], credentials: tuple[str, str]) -> None:
    """Send it at the same moment as the other processes; runs in a process of its own."""
    start.wait(PATIENCE_SECONDS)
    answer = requests.post(url, data=form, auth=credentials, timeout=PATIENCE_SECONDS)
    answers.put((answer.status_code, answer.json()))
