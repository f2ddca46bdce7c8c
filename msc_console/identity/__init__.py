"""Who sits at the desk: device key, vault, sign-in and the unlocked session.

`agent` is the light door: it imports the standard library alone and is all that a console or a CLI command with an
unlocked session needs. `vault`, `signer`, `signin`, `launch` and `session` load their cryptography when first used.
"""
