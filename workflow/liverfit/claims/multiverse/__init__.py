"""Every defensible way to analyse a claim, declared in the plan and evaluated at once.

Steegen and others (2016, doi:10.1177/1745691616658637); Simonsohn, Simmons and Nelson (2020,
doi:10.1038/s41562-020-0912-z); in meta-analysis Voracek, Kossmeier and Tran (2019,
doi:10.1027/2151-2604/a000357).
"""
