"""What Linux offers that Python does not: files in directories of others, and events of files."""
