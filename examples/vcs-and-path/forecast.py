"""Draws the weather of tomorrow."""

from forecast_core import tomorrow
from plots import draw

draw(tomorrow())
