"""What crosses the network: which verbs are reached over it, and a memory that is somewhere else."""
