"""What clients are given."""
