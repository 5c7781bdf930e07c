"""The fake kernel: its namespaces, and what is in them, each with the kernel's own rules."""
