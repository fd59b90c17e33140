"""The evidence explorer: results/report, a folder of pages that a browser opens without a server.

`site.build` writes it from result files alone; `claim` and `trial` gather what a page shows,
`charts` says what is drawn (Vega-Lite), `words` how numbers and names are told, and the templates
how it is laid out.
"""
