"""What Python does not offer of the kernel and the C library: calls, threads for them, marks, programs."""
