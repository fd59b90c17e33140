"""Figures: one function each, data in, a matplotlib ``Figure`` out; no file is read here.

forest        forest, forest_table: one claim, every effect and the pool
scoreboard    scoreboard, scoreboard_table: all claims on one page
row_flow      row_flow, unaccounted: rows from the raw tables to the pools
agreement     extraction_agreement, agreement_table: independent extractions compared
funnel        funnel, funnel_table: contour-enhanced funnel
influence     influence, influence_table: Baujat's plot, and the estimate without each trial
dose_response dose_response, bubble_table: effects against dose, line and spline
calibration   calibration, calibration_table: false support and power by simulation
style         save_figure, the palette and the look that all share

Import from the module, so that a job pays only for the figure it draws:
``from liverfit.plots.forest import forest``.
"""
