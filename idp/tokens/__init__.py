"""Keys, sealing, and the making and verifying of tokens.

Knows how a token is made and checked, not what it should claim: that is
decided in ``services``.
"""
