"""Guided mode: a chat model with no weights that drives the same graph and tools when there is no API key.

A message passes through a small pipeline: `tokens` (words, ids, URLs, secrets, numbers) → `clauses` → `recogniser`
(phrase tables in `lexicon/*.toml`, mood, slots) → `dialogue` (a script that looks things up, acts or asks).
The first law is that it never does what it is unsure of: it asks, and each suggestion it offers is a message that it
understands without doubt. It keeps no state: everything is derived from the message list.
"""
