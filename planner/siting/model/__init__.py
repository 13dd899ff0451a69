"""The integer program: its instance in positions, its rows, and the rules that no plan can keep."""
