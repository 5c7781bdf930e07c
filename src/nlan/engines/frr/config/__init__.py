"""FRR's configuration: its lines as a tree, its words, and what they say."""
