"""The vendors' documented answers, one by one, and what becomes of them."""
