"""How is a patch of code made, tried, and brought into its branch and out again?"""
