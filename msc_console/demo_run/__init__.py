"""The demo at work: a whole small centre on this machine, made at the first start, with a console for each person.

`place` knows where it lies, `making` fills it, `server` runs its central, `entering` signs a person in, `codes` is
their authenticator. The content of the demo is `msc_console.demo`; nothing here is used by a real centre.
"""
