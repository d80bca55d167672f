"""Which figures do the layers above rest on, each with the source of its formula? (pure)"""
