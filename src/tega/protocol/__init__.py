"""What server and drivers say to each other: requests, errors, frames; each is written down once, here."""
