"""The commands of the CLI, one noun a file."""
