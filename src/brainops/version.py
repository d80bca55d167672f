"""Which BrainOps is this? The number stands here and in pyproject.toml, and a test holds both to one."""

__version__ = "0.1.0"
