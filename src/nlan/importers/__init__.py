"""Labs of other tools: a module for each kind of file or folder that is read (`nlan.importers.base`)."""
