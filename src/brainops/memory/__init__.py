"""How is knowledge captured, found, corrected and kept?"""
