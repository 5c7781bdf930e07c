"""From the model to the lines of FRR's daemons."""
