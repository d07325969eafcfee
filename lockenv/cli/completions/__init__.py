"""Completion for shells: what can be typed (`grammar`), and a script for each shell that offers it.

`cases` is what the scripts of bash and zsh share; `words` finds, quickly, what only the project knows.
"""
