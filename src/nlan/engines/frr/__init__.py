"""FRR: one daemon per protocol, configured by lines and changed live over their own sockets."""
