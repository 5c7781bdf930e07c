"""Where nodes live: a folder for each way to have some (`nlan.runtimes.base`)."""
