"""The agreement between sales and marketing: working time, response clocks, attempts, goals, pace and advice.  Pure."""
