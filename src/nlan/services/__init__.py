"""What a node can offer: a folder for each service; see `nlan.services.base`."""
