"""Package indexes: pages to values, HTTP, the cache, metadata and downloads."""
