"""Routes."""

from sandbox.hubspot.wire import Route

ROUTES: list[Route] = []
