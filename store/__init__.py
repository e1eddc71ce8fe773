"""Every table, every SQL statement, every migration."""
