"""Benchmarks: lockenv and its peers side by side in one run, as ratios. `python -m benchmarks --help`.

- `lock` real lock problems, `sync` real locks installed; each has a README.md
- `recording` what an index said: pages, metadata, files; `upstream` asks the real one; `pages` writes them anew
- `site` answers requests from a recording; `server` speaks HTTP, behind an `nginx` where there is one; `serving`
  runs both in a process of its own; `counts` is what they were asked
- `executables` where programs are; `measure` runs one command and says what it took, `launch` has it do so;
  `calls` counts system calls
"""
