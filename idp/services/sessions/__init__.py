"""That somebody is signed in, and stops being so."""
