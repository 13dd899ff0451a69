"""Outside data -> a study-area folder: streets, people, places and chargers from the sources people really have."""
