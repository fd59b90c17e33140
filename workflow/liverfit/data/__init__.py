"""Raw data: reading, checking, harmonising and accounting for every row.

Nothing is imported here, so that the light modules (``findings``, ``registry``, ``table``) can
be used while the workflow is parsed without paying for pandas.
"""
