"""From bytes to a tree that knows where everything stands: text, templates, YAML, and what is wrong there."""
