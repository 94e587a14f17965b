"""The management API, one module a resource.

``operations`` says what an operation is, ``door`` who calls, ``problems`` what a
refusal looks like, ``document`` describes it all as OpenAPI.
"""
