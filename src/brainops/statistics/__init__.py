"""Which figures do the layers above rest on? Pure functions of numbers, each with the source of its formula."""
