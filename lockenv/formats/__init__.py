"""Other people's files: brought in as a draft of a manifest, given out from a manifest and its lock.

`draft` holds what a foreign file says in our words, `gathering` collects it, `incoming` has a reader for each kind
of file, `env_toml` writes a draft as a manifest. `outgoing` has a writer for each kind of file. All is pure: text
in, values and text out; whoever calls says how included files are read.
"""
