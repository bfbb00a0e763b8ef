"""One file a verb that people type, and how a command starts, ends, sweeps and speaks."""
