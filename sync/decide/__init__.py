"""What may be said of one entity: who it is, what moves it, and what it lacks."""
