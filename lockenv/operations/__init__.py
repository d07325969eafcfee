"""The operations: stages in order, each a call to a layer below. They raise `LockenvError` and print nothing.

`lock` and `sync` are the two arrows of the design; `unchanged` is the part of a sync that finds nothing to do;
`init`, `look` and `housekeeping` are the rest.
"""
