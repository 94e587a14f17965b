"""Users, and why they may what they may."""
