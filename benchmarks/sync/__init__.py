"""Real locks, installed by several tools from one recording of an index. See README.md in this folder.

- `sets` what is to be installed, as data (`sets/*.toml`); `made` makes packages up
- `ways` how each tool is told; `work` runs its commands; `environment` says whether what they left is right
- `record` has every tool lock and install once; `disk` is what all work on
- `phases` create, cold, no-op, warm and so on; `rounds` measures them in turns; `report` shows the figures
- `profile` where the time of one phase goes
"""
