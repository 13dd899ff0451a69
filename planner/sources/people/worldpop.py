"""WorldPop's population raster of a country, downloaded once and resumed where it stopped."""

from __future__ import annotations

import re
import time
from pathlib import Path

import requests

from planner.faults import BadInput, Fault
from planner.words import Say, Text

URL = (
    "https://data.worldpop.org/GIS/Population/Global_2000_2020_Constrained/2020/BSGM/"
    "{ISO3}/{iso3}_ppp_2020_UNadj_constrained.tif"
)
ATTRIBUTION = "WorldPop (CC BY 4.0)"
_CHUNK_BYTES = 1 << 16
_TIMEOUT_S = 60.0
_TIFF_STARTS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def worldpop_raster(country: str, cache: Path, say: Say, url: str = URL, tries: int = 5, wait_s: float = 5.0) -> Path:
    """The raster of a country's residents (people per cell of about 100 m, 2020, adjusted to UN totals).

    Parameters
    ----------
    country
        ISO 3166-1 alpha-3 code.
    cache
        Folder of the download; a raster that lies there is not fetched again, half of one is gone on with.
    say
        Told how far the download is.
    url
        Where from; ``{ISO3}`` and ``{iso3}`` stand for the code.
    tries, wait_s
        How often a broken connection is taken up again, and seconds before that.

    Raises
    ------
    BadInput
        Not reachable, or no raster of that country; what was downloaded so far stays.
    """
    if not re.fullmatch("[A-Za-z]{3}", country):
        en = f"found {country!r}; the three letters of ISO 3166-1 are expected, e.g. CHN"
        raise BadInput([Fault("country", en=en, zh=f"现为 {country!r}；应为 ISO 3166-1 的三位字母代码，如 CHN")])
    address = url.format(ISO3=country.upper(), iso3=country.lower())
    target = cache / "worldpop" / address.rpartition("/")[2]
    if target.is_file():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        en, zh = f"cannot be written: {error}", f"无法写入：{error}"
        raise BadInput([Fault(str(target.parent), en=en, zh=zh)]) from None
    part = target.with_suffix(".part")
    reason = ""
    for attempt in range(tries):
        if attempt:
            time.sleep(wait_s)
        try:
            if _download(address, part, say):
                _refuse_other_content(address, part)
                part.replace(target)
                part.with_suffix(".etag").unlink(missing_ok=True)
                return target
            reason = "the connection broke off"
        except requests.RequestException as error:
            reason = type(error).__name__
            if isinstance(error, requests.ConnectionError) and not part.is_file():
                break  # never reached: offline
    en = f"cannot be downloaded ({reason}); bring a file with --population, or try later: it goes on from here"
    zh = f"无法下载（{reason}）；请用 --population 提供人口文件，或稍后重试（断点续传）"
    raise BadInput([Fault(address, en=en, zh=zh)])


def _refuse_other_content(address: str, part: Path) -> None:
    """Refuse a page in place of a raster, as a proxy or a login sends it, and keep none of it."""
    with part.open("rb") as file:
        start = file.read(4)
    if start not in _TIFF_STARTS:
        part.unlink()
        en = f"sent no GeoTIFF (it begins with {start!r}): perhaps a proxy's page; bring a file with --population"
        zh = f"返回的不是 GeoTIFF（开头为 {start!r}），可能是代理页面；请用 --population 提供文件"
        raise BadInput([Fault(address, en=en, zh=zh)])


def _download(address: str, part: Path, say: Say) -> bool:
    """Append to `part` what is missing; whether it is complete. A file that changed on the server is begun anew."""
    done = part.stat().st_size if part.is_file() else 0
    tag = part.with_suffix(".etag")
    headers = {"Range": f"bytes={done}-", "If-Range": tag.read_text()} if done and tag.is_file() else {}
    with requests.get(address, headers=headers, stream=True, timeout=_TIMEOUT_S) as answer:
        if answer.status_code == 404:
            en = "there is no such raster; check --country (three letters, e.g. CHN) or bring --population FILE"
            zh = "没有这样的栅格；请检查 --country（三位字母代码，如 CHN）或用 --population FILE 提供文件"
            raise BadInput([Fault(address, en=en, zh=zh)])
        answer.raise_for_status()
        resumed = answer.status_code == 206
        done = done if resumed else 0
        total = done + int(answer.headers.get("Content-Length", 0))
        mark = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        if mark:
            tag.write_text(mark)
        told = done * 10 // max(total, 1)
        with part.open("ab" if resumed else "wb") as file:
            try:
                for chunk in answer.iter_content(_CHUNK_BYTES):
                    done += file.write(chunk)
                    if done * 10 // max(total, 1) > told:
                        told = done * 10 // max(total, 1)
                        text = f"{done / 1e6:,.0f} / {total / 1e6:,.0f} MB"
                        say(Text(zh=f"人口栅格：{text}", en=f"population raster: {text}"))
            except requests.RequestException:
                return False
    return done == total
