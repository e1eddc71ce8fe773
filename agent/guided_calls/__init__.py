"""Guided mode for sessions: with no model key, triggers are still matched, filled, asked about and reported.

A message passes through `matching` (which trigger), `filling` (which arguments, from what the person typed),
`asking` (one question at a time for what is missing) and, when the result is there, `reporting`. `dialogue` plays the
turns of the message list one after the other, so nothing is kept between calls. Only what the person typed is ever
read as a request or as an argument; an answer of a company's system is printed as plain text and read by nothing.
"""
