"""Connectors: the code that speaks to one kind of upstream provider.

Knows HTTP and tokens; does not know users, sessions, Flask or the database.
"""
