"""Files that are complete or not there, the cache, archives, downloads, workers, signals, paths."""
