"""Pure decisions: functions of their arguments, `now` and `rng` included; no I/O."""
