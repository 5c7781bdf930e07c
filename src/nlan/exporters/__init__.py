"""Labs as files of other tools: a module for each kind that is written (`nlan.exporters.base`)."""
