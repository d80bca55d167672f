"""What does a person see of the memory, and steer? Pages from the server, live, each from one row of a table."""
