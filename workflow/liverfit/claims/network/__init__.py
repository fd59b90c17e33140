"""Network meta-analysis of modalities: from effects to nodes, ranks, and a profile of benefit.

`trials` reduces effects to independent contrasts between nodes, `fit` fits the network, `ranks`
ranks with uncertainty, `results` puts a network's JSON together, `profile` and `transitivity` are
tables over all networks.
"""
