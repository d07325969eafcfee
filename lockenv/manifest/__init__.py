"""The manifest, `env.toml`: what is wanted.

`model` holds the values, `read` makes them from text and reports every problem at once with its line.
"""
