"""The addresses of each kind of platform, one module a kind, and how each answers there."""
