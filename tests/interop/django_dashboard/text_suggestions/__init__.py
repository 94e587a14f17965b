"""What Studio suggests; here for its permissions."""
