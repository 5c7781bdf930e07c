"""The log of commits, and what follows from it: records, states, the contract of an engine."""
