"""The memory over HTTP: the same verbs, by a key, for agents, services and people who are elsewhere."""
