"""Durable delivery of events to webhooks: registry, intake, worker, insights, probe, repair."""
