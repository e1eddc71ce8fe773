"""What a process does once it has loaded what it needs."""

import gc


def settle_memory() -> None:
    """Leave what is loaded by now out of garbage collection, and collect less often: a tenth of a worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
