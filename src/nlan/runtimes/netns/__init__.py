"""Nodes as namespaces of this machine, with the machine's own files and no image."""
