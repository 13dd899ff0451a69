"""A plan to a folder of files, and back: GeoJSON for the web, GeoPackage for QGIS, Excel for people, JSON for programs.

The folder is written beside its place and moved there whole, so that nothing half-written is ever found under its name.
Everything but ``run.json`` is a function of the plan alone: the same plan gives the same files. `export_plan` gives a
saved plan in further formats: CSV, GeoParquet, FlatGeobuf, KML, PostGIS.
"""

from typing import TYPE_CHECKING

from planner.doors import door

if TYPE_CHECKING:
    from planner.exports.certificate import check_folder
    from planner.exports.collect import content_of
    from planner.exports.content import Content
    from planner.exports.folder import refuse_foreign_folder, save_plan
    from planner.exports.saved import read_answers, read_plan
    from planner.exports.sites import CANDIDATE_FIELDS, SITE_FIELDS, candidate_sites, chosen_sites
    from planner.exports.stored import read_content
    from planner.exports.summary import summarise
    from planner.exports.targets import export_plan

__all__ = [
    "CANDIDATE_FIELDS",
    "SITE_FIELDS",
    "Content",
    "candidate_sites",
    "check_folder",
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

_MODULES = {
    "check_folder": "planner.exports.certificate",
    "Content": "planner.exports.content",
    "content_of": "planner.exports.collect",
    "refuse_foreign_folder": "planner.exports.folder",
    "save_plan": "planner.exports.folder",
    "read_answers": "planner.exports.saved",
    "read_content": "planner.exports.stored",
    "read_plan": "planner.exports.saved",
    "CANDIDATE_FIELDS": "planner.exports.sites",
    "SITE_FIELDS": "planner.exports.sites",
    "candidate_sites": "planner.exports.sites",
    "chosen_sites": "planner.exports.sites",
    "summarise": "planner.exports.summary",
    "export_plan": "planner.exports.targets",
}

__getattr__ = door(__name__, _MODULES)  # a saved plan is read and exported without what saves one
