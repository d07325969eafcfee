"""Tests of `lockenv.python`: with real interpreters where there are some, with small shell scripts elsewhere."""
