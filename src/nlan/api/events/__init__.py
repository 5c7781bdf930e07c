"""What happens in a lab, driven by events of the kernel, of processes, of logs, and of the lab's database."""
