"""What a program needs that stays with a running lab: what shall be, looking at a part, repairing it."""
