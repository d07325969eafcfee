"""Fakes, not mocks: real wheels, a real index over HTTP on loopback, an in-memory source for the resolver."""
