"""How do several processes share the runs of a team? `brainops worker`, with or without an engine that wakes it."""
