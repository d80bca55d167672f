"""How are procedures defined, versioned, run, approved and turned into fixes?"""
