"""The steps around the engine: bringing labs up, changing, watching and removing them, for any front.

Nothing here prints; the command line is one user of it.
"""
