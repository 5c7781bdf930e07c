"""What a node may use of the machine: cgroups, and where they stand."""
