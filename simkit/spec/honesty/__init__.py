"""Honesty: seven properties of what is said, which of them bind where, and the covert channel of a confidential prompt."""
