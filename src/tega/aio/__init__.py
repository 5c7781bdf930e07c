"""The asynchronous face of a database."""
