"""A plan to a folder of files, and back: GeoJSON for the web, GeoPackage for QGIS, Excel for people, JSON for programs.

The folder is written beside its place and moved there whole, so that nothing half-written is ever found under its name.
Everything but ``run.json`` is a function of the plan alone: the same plan gives the same files. `export_plan` gives a
saved plan in further formats: CSV, GeoParquet, FlatGeobuf, KML, PostGIS.
"""

from planner.exports.content import Content, content_of
from planner.exports.folder import refuse_foreign_folder, save_plan
from planner.exports.saved import read_answers, read_content, read_plan
from planner.exports.sites import CANDIDATE_FIELDS, SITE_FIELDS, candidate_sites, chosen_sites
from planner.exports.summary import summarise
from planner.exports.targets import export_plan

__all__ = [
    "CANDIDATE_FIELDS",
    "SITE_FIELDS",
    "Content",
    "candidate_sites",
    "chosen_sites",
    "content_of",
    "export_plan",
    "read_answers",
    "read_content",
    "read_plan",
    "refuse_foreign_folder",
    "save_plan",
    "summarise",
]
