#!/bin/sh
# Make the Git repository that stands for one on a server.
set -eu
mkdir -p plots-repository/src/plots
cd plots-repository
cat > pyproject.toml <<'END'
[project]
name = "plots"
version = "1.0"
description = "Draws a forecast"

[build-system]
requires = ["flit_core>=3.11,<5"]
build-backend = "flit_core.buildapi"
END
cat > src/plots/__init__.py <<'END'
"""Draws a forecast."""


def draw(weather):
    print({"rain": "///", "sun": " * "}.get(weather, " ? "))
END
git init --quiet
git add --all
git -c user.name=Ada -c user.email=ada@example.com commit --quiet --message "Draw a forecast"
git tag v1.0
