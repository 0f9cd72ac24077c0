"""Can it work with these accounts, and what they still lack."""
