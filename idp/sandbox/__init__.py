"""Development only: what a newcomer needs around the provider.

It may import anything, and only the command ``idp sandbox`` imports it.
"""
