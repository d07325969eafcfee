"""The one place that opens archives to unpack them: strict, bounded, refusing the odd.

`names` which paths an archive may hold · `zips` the container, read by its central directory and checked against
the local headers · `record` RECORD (PEP 376, binary distribution format) · `entry_points` what becomes a script ·
`wheel` a wheel as a whole · `inflated` compressed streams within bounds · `tars` the other container · `sdist`
archives of sources.
"""
