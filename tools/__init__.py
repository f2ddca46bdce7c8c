"""What `make check` and maintainers run; no part of the product."""
