"""Interpreters: finding them, probing them, making environments from them, reading what is installed."""
