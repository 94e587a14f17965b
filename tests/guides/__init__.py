"""The guides for developers of services: their very programs, run as their readers run them."""
