"""Questions about a plan: alternatives, the price of fairness, what differs, simulated days."""
