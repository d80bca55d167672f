"""How do coding agents meet the memory: their hooks' spool, where they are wired, and whether that works?"""
