"""Resolution: which version of which package, for every target.

`source` says what is asked of the world, `candidates` orders what an index lists for a target, `provider` answers
the search, `search` runs it with the loop of `backjumping`, `closure` judges its answer, `explain` turns a failure
into prose.
"""
