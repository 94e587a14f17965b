"""The benchmark: this provider beside npm ``oidc-provider``, one core each, in alternating rounds (docs/benchmark.md).

``python -m bench`` runs it. No part of the product, and no test.
"""
