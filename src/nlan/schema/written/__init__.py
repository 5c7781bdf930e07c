"""What a file may say: kinds of values, sections and keys; their JSON Schema, page, and spelling."""
