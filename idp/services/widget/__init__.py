"""What the embedded widget needs: its cookie session, and the ways in which one begins."""
