"""Run by QGIS's own Python: opens a GeoPackage, draws its layers in their default styles, prints what it found as JSON.

python3 qgis_render.py plan.gpkg picture.png
"""

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    QgsApplication,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

LAYERS = ("sites", "districts", "candidates", "streets", "zones")  # from the top


def legend(layer):
    return [item.label() for item in layer.renderer().legendSymbolItems()]


def main(file, picture, *extent):
    application = QgsApplication([], False)
    application.initQgis()
    layers, found = [], {}
    for name in LAYERS:
        layer = QgsVectorLayer(f"{file}|layername={name}", name, "ogr")
        message, loaded = layer.loadDefaultStyle()
        found[name] = {
            "valid": layer.isValid(),
            "features": layer.featureCount(),
            "crs": layer.crs().authid(),
            "style": loaded,
            "message": message,
            "renderer": layer.renderer().type(),
            "legend": legend(layer),
            "labels": layer.labelsEnabled(),
        }
        layers.append(layer)
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(layers[0].crs())
    settings.setOutputSize(QSize(1400, 1050))
    settings.setBackgroundColor(QColor("white"))
    wide = layers[-1].extent() if not extent else QgsRectangle(*map(float, extent))
    wide.scale(1.05)
    settings.setExtent(wide)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(picture)
    found["errors"] = [error.message for error in job.errors()]
    print(json.dumps(found, ensure_ascii=False), flush=True)
    os._exit(0)  # QGIS 3.22 crashes on the way out


main(*sys.argv[1:])
