"""The command line: words on a screen. Everything it does is in `lockenv.operations`.

`main` finds the command and shows its errors; one module holds one family of commands; `options` are those that
all share; `screen` writes for people, `progress` shows what takes long. `locked`, `changes` and `markers` tell
what became of a lock; `errors` are errors for machines.
"""
