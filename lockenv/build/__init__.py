"""From a source (sdist, archive, Git commit, local tree) to metadata and a wheel.

`sources` what can be built, as values · `static` metadata and `[build-system]` that need no code to run ·
`trees` local paths: what stands there, and a digest of it · `git`, `git_program` revisions to commits, to trees ·
`requirements` what a build needs and who provides it · `environment` one throw-away environment · `variables` what
a backend may see of ours · `children` programs that end when we do · `backend` the hooks of PEP 517 and 660 ·
`metadata` core metadata against what is expected · `wheels` built wheels, kept · `answers` what backends said,
kept · `housekeeping` how much that is · `bench` where one source is worked on · `builder` all of it in order.
"""
