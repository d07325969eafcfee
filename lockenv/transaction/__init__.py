"""Changing an environment wholly or not at all: a generation built aside, one flip."""
