"""What this machine has and lacks, and what nlan is made of on it."""
