"""The same job as its peers do it, one file each; they run in .venv-peers, which `scripts/peers` makes.

Each file has an `enqueue(count, url)` that stores that many jobs, each with a body of 1 KB, and returns the seconds
that this took; its workers sign the body as Standard Webhooks prescribes and POST it. Where a queue is, each reads in
BENCH_QUEUE.
"""
