"""What runs in a platform's page: the script that signs its person in and keeps the session."""
