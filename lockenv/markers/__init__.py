"""Markers: their truth on a target, and the text of new ones (PEP 508).

`truth` answers for targets what other people's markers say; `cuts` finds where they part a span of Pythons.
`space` is the declared universe, `axes` what a marker can say along each of its dimensions, `covering` the search
for the shortest way to say it, `cover` the markers of packages, `text` a lock's environments. `disjoint` compares
two markers over all environments. Below them `syntax` reads, `terms` writes, `releases` knows Python's versions.
"""
