"""What we learn: touches, scores, alerts, clocks, outcomes and reports; computed from values, read and written elsewhere."""
