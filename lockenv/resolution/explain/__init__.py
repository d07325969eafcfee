"""Why there is no solution, as facts, and as short prose that is a function of them.

failure        what is explained: `Failure`, one target's dead end
impossible     `explain`: several failures in, one error out
story          prose
"""
