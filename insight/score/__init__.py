"""Who is worth calling, and why: fit, engagement, priority, and what won and lost outcomes teach."""
