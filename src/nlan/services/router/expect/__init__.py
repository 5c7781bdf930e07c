"""What routing comes to once a lab has converged, as far as the model tells."""
