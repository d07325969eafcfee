"""The parts of the documentation that are made from the code: `python -m tools.reference` writes them anew.

A page holds marked regions; what stands outside them is written by hand and never touched. The pages are
committed, and tests/documents/test_reference.py fails where one is not what the code says.
"""
