"""Slots: the values that a clause carries (events, tags, comparisons, settings)."""
