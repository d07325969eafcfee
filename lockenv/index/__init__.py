"""Package indexes: pages to values, HTTP, the cache, metadata and downloads.

client      listings and metadata by name, from the responsible index or the cache: what resolution asks
pages       one page: asked for if it has changed, read, kept; `once` lets many threads ask and one do it
simple      pages of the simple repository API to values (pure), ordinary ones by columns
fetch       the metadata of one file by the cheapest way; over remote_zip (range requests) and metadata (headers)
folder      indexes in folders (file: URLs)
cache       what indexes said, in parsed form, on disk; under the names of `keys`
download    files, hashed while they arrive
http        requests: pooled, bounded, retried; over connect (certificates, proxies, words) and auth (credentials)
default     the index that pip is configured for
"""
