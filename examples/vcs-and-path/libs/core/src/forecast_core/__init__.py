"""The heart of the forecast."""


def tomorrow() -> str:
    """Tell the weather of tomorrow."""
    return "rain"
