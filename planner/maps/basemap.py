"""Online maps to lay under the plan, each only when asked for: without one the page asks the network for nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

import folium

from planner.faults import BadInput, Fault

BASEMAPS = ("osm", "tianditu", "gaode")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
_TIANDITU = (
    "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default"
    "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={key}"
)
_GAODE = "https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=7&x={x}&y={y}&z={z}"


@dataclass(frozen=True)
class Basemap:
    """An online map.

    Parameters
    ----------
    name
        One of `BASEMAPS`.
    key
        The user's own key of Tianditu; it stands in the page for everyone who gets the file.

    Raises
    ------
    BadInput
        Unknown name, a key missing, not asked for, or with characters that no key has.
    """

    name: str
    key: str | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.name not in BASEMAPS:
            en = f"found {self.name!r}; choose one of {', '.join(BASEMAPS)}"
            faults.append(Fault("basemap", en=en, zh=f"没有底图 {self.name!r}，可选 {'、'.join(BASEMAPS)}"))
        elif self.name == "tianditu" and not self.key:
            en = "Tianditu needs your own key: give --key (from console.tianditu.gov.cn)"
            faults.append(
                Fault(
                    "basemap tianditu",
                    en=en,
                    zh="天地图需要您自己的密钥，请用 --key 给出（在 console.tianditu.gov.cn 申请）",
                )
            )
        elif self.name != "tianditu" and self.key is not None:
            en = "takes no key; leave --key out, so that it does not get into the file"
            faults.append(Fault(f"basemap {self.name}", en=en, zh="该底图不需要密钥，请去掉 --key"))
        if self.key is not None and not _KEY.fullmatch(self.key):
            en = "the key has characters that no key has; letters, digits, - and _ expected, 128 at most"
            faults.append(
                Fault("basemap, key", en=en, zh="密钥含有不应出现的字符；只应有字母、数字、- 和 _，最多 128 个")
            )
        if faults:
            raise BadInput(faults)

    @property
    def crs(self) -> str:
        """Leaflet's name of the coordinates to draw in: Gaode's tiles lie in GCJ-02, and the page draws there too."""
        return "GCJ02" if self.name == "gaode" else "EPSG3857"

    @property
    def attribution(self) -> str:
        """Whose map it is."""
        return {"osm": "© OpenStreetMap contributors", "tianditu": "© 天地图", "gaode": "© 高德地图"}[self.name]

    def layer(self) -> folium.FeatureGroup:
        """Its tiles, below everything else."""
        group = folium.FeatureGroup(name="basemap")
        for url, subdomains in self._tiles():
            folium.TileLayer(
                url, attr=self.attribution, subdomains=subdomains, max_zoom=18, control=False, zindex=0
            ).add_to(group)
        return group

    def _tiles(self) -> list[tuple[str, str]]:
        if self.name == "osm":
            return [("https://tile.openstreetmap.org/{z}/{x}/{y}.png", "")]
        if self.name == "gaode":
            return [(_GAODE, "1234")]
        return [(_TIANDITU.format(layer=layer, key=self.key), "01234567") for layer in ("vec", "cva")]
