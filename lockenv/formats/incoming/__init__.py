"""Readers of foreign files, one a kind; `detect` says which one a file is for."""
