"""What somebody else adds to nlan: a folder for each thing."""
