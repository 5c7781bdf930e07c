"""The resolved lab as a whole: what cannot be, and what is rarely meant."""
