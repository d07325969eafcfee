"""How long it takes until an answer begins: whole processes that have next to nothing to do."""
