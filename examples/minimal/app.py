"""Says what it runs on."""

from importlib.metadata import version

import flask

print(f"{flask.__name__} {version('flask')} and Werkzeug {version('werkzeug')} at your service")
