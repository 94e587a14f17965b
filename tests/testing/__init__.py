"""What developers of downstream services are given for their tests does what it says."""
