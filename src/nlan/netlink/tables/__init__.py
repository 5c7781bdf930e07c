"""What the kernel lists of a namespace, table by table, and messages about what stands in them."""
