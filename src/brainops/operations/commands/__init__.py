"""What can a command line do: read, change, or destroy?"""
