"""Interpreters: finding them, probing them, making environments from them, reading what is installed.

- `interpreter`: one interpreter as a value (`Interpreter`, `RefusedInterpreter`) and `probe`
- `question`, `libc`, `probe_cache`: what an interpreter is asked, what its ELF header says, what was answered
- `requests`: what a person may ask for (`--python`, `.python-version`), as values
- `places`: where interpreters stand on a machine; `discovery`: `find` and `list_all`
- `pyvenv`: environments as they stand on disk (`pyvenv.cfg`); `installed`: the distributions in them
- `venv`, `activation`, `scripts`: a bare environment and its programs as values, for the transaction to write
"""
