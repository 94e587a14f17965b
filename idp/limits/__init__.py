"""Limits: how often something may be asked for, counted in the database and so over all workers and hosts."""
