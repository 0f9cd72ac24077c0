"""Where records live: one connector per system, each behind the same port and the same kind of door."""
