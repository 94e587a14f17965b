"""What operators register: accounts, upstream providers, clients."""
