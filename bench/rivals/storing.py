"""Stores jobs as a peer does it, and prints the seconds: `python -m bench.rivals.storing MODULE COUNT URL`."""

import sys
from importlib import import_module

if __name__ == "__main__":
    peer = import_module(f"bench.rivals.{sys.argv[1]}")
    print(peer.enqueue(int(sys.argv[2]), sys.argv[3]))
