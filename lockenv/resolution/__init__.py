"""Resolution: which version of which package, for every target.

`source` says what is asked of the world and `memory` remembers it, `candidates` orders what an index lists for a
target, `provider` answers the search, with versions as sets (`reach`). `search` runs it with the loop of
`backjumping`, which keeps its state in `trail` and what it learns in `conflicts`. `closure` judges the answer;
`explain` tells a failure.
"""
