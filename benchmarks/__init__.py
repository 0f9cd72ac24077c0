"""How fast the whole is, and how far from the goals: `python -m benchmarks`."""
