"""The layers of a study area: read, mended, clipped, in one projected CRS."""

from planner.layers.read import LAYER_WORDS, Layers, Origin, Remark, read_layers

__all__ = [
    "LAYER_WORDS",
    "Layers",
    "Origin",
    "Remark",
    "read_layers",
]
