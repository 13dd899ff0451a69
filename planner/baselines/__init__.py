"""What a plan is compared with: the same chargers sited as one would without an optimiser.

Each method gets the plan's number of chargers of every type, its sites and its money, and keeps what it can see: bays,
grid, feeder groups, the budget, fewest chargers of a station, sites locked in and out. Tasks of districts, floors of
served shares and a promise of the least cost it cannot: they take a program. Where chargers fit nowhere any more they
are left out, and the network is that much smaller.
"""

from planner.baselines.greedy import greedy_counts
from planner.baselines.networks import Sited, optimal_today, sited_like
from planner.baselines.proportional import proportional_counts

__all__ = ["Sited", "greedy_counts", "optimal_today", "proportional_counts", "sited_like"]
