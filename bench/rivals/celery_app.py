"""Celery with requests on Redis: a prefork pool, one pooled requests session for each process."""

import time

import requests
from celery import Celery

from bench.rivals.message import BODY, QUEUE, signed

app = Celery("bench", broker=QUEUE)
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=16, task_acks_late=False)
session = requests.Session()


@app.task
def deliver(url: str, body: str) -> None:
    """Send one message."""
    data = body.encode()
    session.post(url, data=data, headers=signed(data), timeout=10).raise_for_status()


def enqueue(count: int, url: str) -> float:
    """Store jobs over one connection."""
    started = time.perf_counter()
    with app.connection_for_write() as connection, connection.channel() as channel:
        producer = app.amqp.Producer(channel)
        for _ in range(count):
            deliver.apply_async((url, BODY), producer=producer)
    return time.perf_counter() - started
