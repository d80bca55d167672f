"""BrainOps: the operational memory of AI agents and of the services they run."""
