"""Today's charging stations: from registers, dumps and OpenStreetMap, joined and counted once."""
