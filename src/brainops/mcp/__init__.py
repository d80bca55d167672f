"""The memory as an MCP server: a dozen tools, for whichever agent speaks the Model Context Protocol."""
