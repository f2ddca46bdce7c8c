"""Minutes of made-up requests, hostile text, kills and rivals: what a year of shifts would bring. `make deep`."""
