"""What tests of stores need; shipped for those who write an engine."""
