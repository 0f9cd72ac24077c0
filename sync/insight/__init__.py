"""What was learned of people, brought in from the systems and out to them."""
