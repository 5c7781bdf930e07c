"""The steps around the engine: a lab brought up, changed, removed, and waited for."""
