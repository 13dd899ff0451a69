"""The layers of a study area: read, mended, clipped, in one projected CRS."""

from planner.layers.read import Layers, Origin, read_layers

__all__ = [
    "Layers",
    "Origin",
    "read_layers",
]
