"""Lists as files for a spreadsheet: CSV (RFC 4180) in which no cell is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from flask import Response

from idp.mails import foreign

MOST = 5000
"""So many rows at most; whoever needs more narrows the list, or asks an operator."""
_BEGINS_A_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20|")
"""Also as full-width letters, which some spreadsheets read alike."""
Cell = str | int | datetime | None


def answer(name: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """Return the file.

    :param name: of the file; plain ASCII.
    """
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerow(heads)
    writer.writerows([cell(one) for one in row] for row in rows)
    response = Response(written.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def cell(value: Cell) -> str:
    """Return a value as a spreadsheet shall show it, and never reckon with it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    text = foreign.one_line(str(value)) if value is not None else ""
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) else text
