"""An Admin dashboard: Deepdesk's staff sign in at the provider, and are here what it says of them."""
