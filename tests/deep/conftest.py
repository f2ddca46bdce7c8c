"""Deep tests stand on the fixtures of the end-to-end tests and of the service's."""

from tests.central.service.conftest import place
from tests.e2e.conftest import centre, cheap, laptops, postgres_centre

__all__ = ["centre", "cheap", "laptops", "place", "postgres_centre"]
