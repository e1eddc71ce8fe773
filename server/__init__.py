"""The web application, the command line, and the wiring of everything below."""
