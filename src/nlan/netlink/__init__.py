"""Route netlink: messages and answers, what a namespace's kernel lists, and its events."""
