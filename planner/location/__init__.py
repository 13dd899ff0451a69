"""The classical location models, alone: on a table of pairs (zone_id, site_id) with one cost column.

Six functions of tables, each with standing (`fixed`) sites, each answering with a `Location`: the open sites, who is
served where, the value and a proven bound on it. Exact through PuLP and HiGHS where the problem, after all that can be
ruled out, is small; otherwise bounded. Memory follows the number of pairs. They stop by counted work, never by the
clock, and sort by id first: the same input gives the same answer on any machine, in any row order.
"""

from planner.location.capacitated import capacitated_location, capacitated_p_median
from planner.location.coverage import max_cover
from planner.location.covering import cover_all, p_center
from planner.location.median import p_median
from planner.location.table import Location

__all__ = ["Location", "capacitated_location", "capacitated_p_median", "cover_all", "max_cover", "p_center", "p_median"]
