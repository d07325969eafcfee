"""What programs may call: the operations of the command line as functions, which `import lockenv` gives by name.

- `projects`: which project is meant, and how lockenv works on it
- `reading`: what changes nothing
- `changing`: what writes env.toml, the lock or the environment
- `scripts`: scripts that say themselves what they need
- `caches`: the person's cache
- `inside`: the environment that a running program stands in
"""
