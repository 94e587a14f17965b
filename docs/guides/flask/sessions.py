"""Who is signed in here: a row a session in SQLite; the browser's cookie has nothing but its key."""

import hashlib
import json
import secrets
import sqlite3
import time
from contextlib import contextmanager

TABLES = """
CREATE TABLE IF NOT EXISTS sessions (digest TEXT PRIMARY KEY, sid TEXT, ends_at INTEGER, content TEXT);
CREATE INDEX IF NOT EXISTS sessions_by_sid ON sessions (sid);
CREATE TABLE IF NOT EXISTS logout_tokens (jti TEXT PRIMARY KEY, ends_at INTEGER);
"""


class Sessions:
    """The sessions of one service; any number of its processes may share the file."""

    def __init__(self, path):
        self._path = path
        with self._database() as database:
            database.executescript(TABLES)

    def begin(self, content, *, sid, ends_at):
        """Keep what is known of a person who signed in, and return the key for their cookie."""
        key = secrets.token_urlsafe(32)
        with self._database() as database:
            database.execute("DELETE FROM sessions WHERE ends_at <= ?", (time.time(),))
            row = (_digest(key), sid, ends_at, json.dumps(content))
            database.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", row)
        return key

    def find(self, key):
        """Return what is kept under a key, or None."""
        with self._database() as database:
            query = "SELECT content FROM sessions WHERE digest = ? AND ends_at > ?"
            row = database.execute(query, (_digest(key), time.time())).fetchone()
        return json.loads(row[0]) if row else None

    def change(self, key, content):
        """Keep something else under a key; a session that ended meanwhile stays ended."""
        with self._database() as database:
            update = "UPDATE sessions SET content = ? WHERE digest = ?"
            database.execute(update, (json.dumps(content), _digest(key)))

    def end(self, key):
        """Sign out the browser that has this key."""
        with self._database() as database:
            database.execute("DELETE FROM sessions WHERE digest = ?", (_digest(key),))

    def end_sid(self, sid, *, jti, ends_at):
        """Sign out what belongs to a session of the provider; a logout token (``jti``) counts once."""
        with self._database() as database:
            database.execute("DELETE FROM logout_tokens WHERE ends_at <= ?", (time.time(),))
            spend = "INSERT OR IGNORE INTO logout_tokens VALUES (?, ?)"
            if not database.execute(spend, (jti, ends_at)).rowcount:
                return False
            database.execute("DELETE FROM sessions WHERE sid = ?", (sid,))
            return True

    @contextmanager
    def _database(self):
        database = sqlite3.connect(self._path)
        try:
            with database:  # one transaction
                yield database
        finally:
            database.close()


def _digest(key):
    return hashlib.sha256(key.encode()).hexdigest()
