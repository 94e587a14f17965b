"""OAuth and OpenID Connect over HTTP, one module a specification.

Parses requests, calls one service, writes responses; decides nothing.
"""
