"""Scripts: what is done for each intent, step by step."""
