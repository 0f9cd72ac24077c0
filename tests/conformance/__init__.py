"""One suite of laws for everything that calls itself a connector."""
