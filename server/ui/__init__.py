"""The console: one page, its styles and its modules, served as they are written (no build step)."""
