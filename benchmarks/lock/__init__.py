"""Real lock problems, solved by several tools from one recording of an index. See README.md in this folder.

- `manifests` what is to be locked, as data (`manifests/*.toml`)
- `tools` how each tool is told what to lock; `executables` which of them are here
- `phases` cold, warm, warm-new, nothing, upgrade-one; `rounds` measures them in turns; `report` shows the figures

The recording of an index, its server and what measures a command lie in the folder above.
"""
