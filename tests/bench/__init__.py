"""The benchmark counts right answers only, and says what its figures are worth."""
