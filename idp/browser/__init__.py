"""What this provider keeps in a browser: cookies, the SSO session, the bond of a waiting request."""
