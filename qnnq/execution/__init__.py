"""One run: the request, its deployment, modes and engines, the shot loop."""
