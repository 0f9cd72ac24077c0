"""What we learn: touches, scores, alerts, clocks, outcomes and reports; values come in, values go out."""
