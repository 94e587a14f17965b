"""Pages for those who look after an account: managers, deputies, staff who entered (CONTRACT §6 rule 11)."""
