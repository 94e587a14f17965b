"""Pure values and decisions of the provider.

Imports the standard library only; knows no database, no HTTP and no time of
its own: whatever depends on the present takes ``now``.
"""
