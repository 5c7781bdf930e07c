"""How a router is resolved: what is written in full first, what is derived around it."""
