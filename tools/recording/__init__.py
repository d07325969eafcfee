"""The recording of a session that the README shows, made by running it on a pseudo-terminal, with a real index."""
