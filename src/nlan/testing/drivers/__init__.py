"""Fakes of the drivers that work on files and processes."""
