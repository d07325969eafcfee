"""GET over HTTP/1.1 and nothing else: few lines, strict in what they take, bounded in all they read.

Why not a library: docs/decisions/0015. `pool` sends requests and gives connections back, `dial` opens them, `wire`
reads what comes, `gzipped` unpacks it, `failures` says what went wrong.
"""
