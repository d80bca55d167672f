"""May this operation begin? Rules, what they ask for, and how they are judged."""
