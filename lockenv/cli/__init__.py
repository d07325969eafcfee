"""The command line: words on a screen. Everything it does is in `lockenv.operations`."""
