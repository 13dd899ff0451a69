"""Residents by zone: from a census, from rasters, from WorldPop."""
