"""Routing engines: a package for each daemon (or family of daemons) that speaks for a router."""
