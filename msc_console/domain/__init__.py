"""The rules of the trade: pure functions over frozen values.

Nothing here does I/O, reads a clock or imports another room of the package. The same code runs on a laptop (to
show an effect before any network) and on central (whose answer is final).
"""
