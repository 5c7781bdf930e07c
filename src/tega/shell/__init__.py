"""`tega-cli`: the shell, interactive and in scripts."""
