"""Timings of the product as ratios within one run. Nothing here is imported by the product, and no test is timed."""
