"""Real lock problems, solved by several tools from one recording of an index. See README.md in this folder.

- `manifests` what is to be locked, as data (`manifests/*.toml`)
- `recording` what an index said: pages, metadata, files; `upstream` asks the real one; `pages` writes them anew
- `site` answers requests from a recording; `server` speaks HTTP; `serving` runs it as a process of its own
- `tools` how each tool is told what to lock; `measure` runs one command and says what it took
- `phases` cold, warm, nothing, upgrade-one; `rounds` measures them in turns; `report` shows the figures
"""
