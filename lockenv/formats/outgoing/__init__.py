"""Writers of foreign files, one a kind, from a lock or a manifest."""
