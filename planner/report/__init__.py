"""A plan as a report that can be handed in: two pages for whoever decides, then what stands behind them.

One document is made of a plan (`planner.report.compose`) and rendered twice: as HTML in both languages, and as PDF.
"""

from planner.report.write import draw_report, write_report

__all__ = ["draw_report", "write_report"]
