"""The machine that a figure was measured on, in one line."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """Return processor, cores, memory, system and Python."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    processor = names[0] if names else platform.processor()
    return f"{processor}, {os.cpu_count()} cores, {memory} GiB, {platform.system()}, Python {platform.python_version()}"
