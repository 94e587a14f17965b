"""Use cases: each a function that owns its transaction. Knows no HTTP and no command line."""
