"""Markers: their truth on a target, and the text of new ones (PEP 508)."""
