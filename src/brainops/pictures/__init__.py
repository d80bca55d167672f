"""Pictures as SVG: for the dashboard, for a page that is mailed, for the command line. (pure)

Each function returns a `Picture`: a text that templates take for markup, whose own texts are escaped. Its shapes have
classes and no style of their own, so that a strict policy lets them stand in a page: the rules are `svg.RULES`, which
the dashboard serves too. `svg.standalone(picture)` is a file of its own, with its colours in light and dark.

    charts.spark(values, said)               small bars in a line of text; None where nothing was counted
    charts.bars(title, rows, note)           a bar for each row: its name, value, how that is said, and bounds
    charts.line(title, points, say, note)    a line over time with its bounds, gaps where nothing was counted
    charts.calibration(record)               how sure advice was against how often it was right
    flow.graph(name, levels, tallies)        a procedure's steps from top to bottom, with how each went
    flow.tallies(runs)                       that, counted from runs
    flow.time_line(run, now)                 a run's steps, to scale
"""
