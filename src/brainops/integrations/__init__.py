"""Where does BrainOps plug into what people run already?"""
