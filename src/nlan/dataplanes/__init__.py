"""What segments, tunnel ends and ports are made of, a module for each data plane: `nlan.dataplanes.base`."""
