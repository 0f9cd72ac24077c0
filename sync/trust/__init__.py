"""See it before, stop, take it back, explain it."""
