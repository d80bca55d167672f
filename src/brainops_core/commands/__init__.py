"""What can a command line, a shell text or a piece of SQL do: read, change, or destroy?"""
