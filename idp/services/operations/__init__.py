"""What keeps the provider running."""
