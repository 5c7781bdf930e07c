"""In the nodes of a running lab: who is meant, what runs there, who answers whom."""
