"""A plan into a PostGIS database: a schema with a table per layer, whose rows carry the id of their plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.exports.content import Content
from planner.exports.files import missing_extra
from planner.faults import BadInput, Fault
from planner.views.columns import COLUMNS

SCHEMA = "ev_plans"
"""The schema that holds the tables; it is made where there is none."""

EXTRA = "postgis"

_CRS = 4326
_DRIVER = "postgresql+psycopg"
_CONNECT_SECONDS = 10
_KEYS = {
    "zones": ("zone_id",),
    "districts": ("district",),
    "streets": ("street_id",),
    "sites": ("site_id",),
    "candidates": ("site_id",),
    "chargers": ("site_id", "charger_type"),
    "added": ("year", "site_id", "charger_type"),
    "assignment": ("year", "zone_id", "site_id", "service"),
    "tasks": ("task_unit",),
    "breakdown": ("task_unit", "year", "kind"),
    "years": ("year",),
    "townships": ("district", "township"),
}
"""Table -> the columns that tell its rows apart within a plan."""

_TYPES = {"i": "BigInteger", "u": "BigInteger", "f": "Float", "b": "Boolean"}
_TEXT = "Text"


def write_postgis(content: Content, address: str) -> str:
    """Write a plan into a database in one transaction: wholly or not at all.

    The tables ``plans`` (a row per plan with its summary) and those of `_KEYS` lie in the schema `SCHEMA`; geometry is
    WGS 84 and indexed. A plan of the same id is replaced; the rows of other plans are not touched.

    Parameters
    ----------
    content
        A saved plan.
    address
        ``postgresql://user:password@host:port/database``, with the options of libpq after a ``?``.

    Returns
    -------
    str
        The address without its password, the schema and the plan's id.

    Raises
    ------
    BadInput
        The packages of the extra are not installed, the address is none, the database cannot be reached, refuses, has
        no PostGIS, or breaks off; it then holds what it held before.
    """
    try:
        sqlalchemy, geoalchemy2 = import_module("sqlalchemy"), import_module("geoalchemy2")
        psycopg = import_module("psycopg")
    except ImportError as error:
        raise BadInput([missing_extra("--to postgresql://", str(error.name), EXTRA)]) from None
    url = _url(sqlalchemy, address)
    place = url.set(drivername="postgresql").render_as_string(hide_password=True)
    tables = _tables(sqlalchemy, geoalchemy2, content)
    engine = sqlalchemy.create_engine(url, connect_args={"connect_timeout": _CONNECT_SECONDS})
    try:
        with engine.begin() as connection:
            _write(sqlalchemy, connection, tables, content)
    except (sqlalchemy.exc.SQLAlchemyError, psycopg.Error, UnicodeError) as error:
        told = str(getattr(error, "orig", None) or error).strip().splitlines()
        words = told[0].strip("'") if told else repr(error)
        en = f"the database refuses: {words}; nothing was written"
        raise BadInput([Fault(place, en=en, zh=f"数据库拒绝：{words}；未写入任何内容")]) from None
    finally:
        engine.dispose()
    return f"{place} {SCHEMA} {content.summary['plan_id']}"


def _url(sqlalchemy: Any, address: str) -> Any:
    """The address for psycopg; its text is never repeated in a message, for it may hold a password."""
    try:
        return sqlalchemy.engine.make_url(address).set(drivername=_DRIVER)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        en = "no address of a database; expected postgresql://user:password@host:port/database"
        raise BadInput(
            [Fault("--to postgresql://", en=en, zh="不是数据库地址，应为 postgresql://用户:密码@主机:端口/库名")]
        ) from None


def _tables(sqlalchemy: Any, geoalchemy2: Any, content: Content) -> Any:
    """The tables as they are to be, by their layers; a plan's rows go with its row in ``plans``."""
    tables = sqlalchemy.MetaData(schema=SCHEMA)
    text, column = sqlalchemy.Text, sqlalchemy.Column
    sqlalchemy.Table(
        "plans",
        tables,
        column("plan_id", text, primary_key=True),
        *(column(name, text, nullable=False) for name in ("scenario", "title_zh", "title_en", "attribution")),
        *(column(name, text, nullable=False) for name in ("notice_zh", "notice_en")),
        column("summary", sqlalchemy.dialects.postgresql.JSONB, nullable=False),
    )
    for name in _written(content):
        layer = content.layers[name]
        columns = [
            column(
                "plan_id",
                text,
                sqlalchemy.ForeignKey(f"{SCHEMA}.plans.plan_id", ondelete="CASCADE"),
                primary_key=True,
            )
        ]
        for field in _fields(layer.table):
            if field == "geometry":
                kind = geoalchemy2.Geometry(geometry_type="GEOMETRY", srid=_CRS, spatial_index=True)
                columns.append(column("geom", kind))
            else:
                dtype = layer.table[field].dtype
                kind = getattr(sqlalchemy, _TYPES.get(getattr(dtype, "kind", ""), _TEXT))
                columns.append(column(field, kind, primary_key=field in _KEYS[name], autoincrement=False))
        sqlalchemy.Table(name, tables, *columns)
    return tables


def _write(sqlalchemy: Any, connection: Any, tables: Any, content: Content) -> None:
    """Within a transaction: one writer at a time, tables where missing, the plan of this id out and in again."""
    run, text = connection.execute, sqlalchemy.text
    run(text("SELECT pg_advisory_xact_lock(hashtext(:schema))"), {"schema": SCHEMA})
    if run(text("SELECT count(*) FROM pg_extension WHERE extname = 'postgis'")).scalar() == 0:
        run(text("CREATE EXTENSION postgis"))
    run(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    tables.create_all(connection)
    _add_columns(sqlalchemy, connection, tables)
    plans, key = tables.tables[f"{SCHEMA}.plans"], content.summary["plan_id"]
    run(plans.delete().where(plans.c.plan_id == key))
    run(plans.insert(), _plan_row(content))
    cursor = connection.connection.cursor()
    for name in _written(content):
        table = tables.tables[f"{SCHEMA}.{name}"]
        names = ", ".join(connection.dialect.identifier_preparer.quote(column.name) for column in table.columns)
        with cursor.copy(f"COPY {SCHEMA}.{name} ({names}) FROM STDIN") as copy:
            for row in _rows(content.table(name)[_fields(content.table(name))], key):
                copy.write_row(row)


def _add_columns(sqlalchemy: Any, connection: Any, tables: Any) -> None:
    """What an earlier plan's tables had not, as feeder groups; its rows have nothing there."""
    inspector = sqlalchemy.inspect(connection)
    quote = connection.dialect.identifier_preparer.quote
    for table in tables.sorted_tables:
        held = {column["name"] for column in inspector.get_columns(table.name, schema=SCHEMA)}
        for column in table.columns:
            if column.name not in held:
                kind = column.type.compile(connection.dialect)
                run = f"ALTER TABLE {SCHEMA}.{quote(table.name)} ADD COLUMN {quote(column.name)} {kind}"
                connection.exec_driver_sql(run.replace("%", "%%"))


def _fields(table: pd.DataFrame) -> list[str]:
    """The columns that a plan has in any city; what else a city's layers hold stays in its files."""
    return [name for name in map(str, table.columns) if name in COLUMNS or name == "geometry"]


def _written(content: Content) -> list[str]:
    return [name for name in _KEYS if name in content.layers]


def _plan_row(content: Content) -> dict[str, Any]:
    summary = content.summary
    named = {name: summary["scenario"][name] for name in ("title_zh", "title_en")}
    about = {name: summary[name] for name in ("attribution", "notice_zh", "notice_en")}
    key = {"plan_id": summary["plan_id"], "scenario": summary["scenario"]["name"]}
    return {**key, **named, **about, "summary": json.loads(json.dumps(summary))}


def _rows(table: pd.DataFrame, key: str) -> Iterator[tuple[Any, ...]]:
    """Rows as COPY takes them: plain values, None for what is missing, geometry as hexadecimal EWKB."""
    columns: list[Any] = [[key] * len(table)]
    for name in table.columns:
        if name == "geometry":
            shapes = gpd.GeoSeries(table[name]).to_crs(_CRS).to_numpy()
            columns.append(shapely.to_wkb(shapely.set_srid(shapes, _CRS), hex=True, include_srid=True))
        else:
            values = table[name].astype(object)
            columns.append(values.where(values.notna(), None).replace({np.nan: None}).tolist())
    return zip(*columns, strict=True)
