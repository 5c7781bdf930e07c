"""What raw FRR lines come to once the lab has converged."""
