"""How much goes into one request: central's limits, halved while a bad line or a refusal asks for less."""

from .wire import PAGE_ROWS, PUSH_BYTES, PUSH_OPS, Limits

SMALLEST_PAGE = 10


class Sizes:
    """Present sizes of a push (ops, bytes of JSON) and of a page (rows)."""

    def __init__(self) -> None:
        self._most_ops, self._most_page = PUSH_OPS, PAGE_ROWS
        self.ops, self.page, self.octets = PUSH_OPS, PAGE_ROWS, PUSH_BYTES

    def offer(self, limits: Limits) -> None:
        """Take central's limits; what was shrunk stays shrunk."""
        self._most_ops = max(1, min(limits.push_ops, PUSH_OPS))
        self._most_page = max(1, min(limits.page_rows, PAGE_ROWS))
        self.octets = max(1024, min(limits.push_bytes, PUSH_BYTES))
        self.ops, self.page = min(self.ops, self._most_ops), min(self.page, self._most_page)

    def shrink(self, *, push: bool = False, page: bool = False) -> bool:
        """Halve; False when nothing became smaller."""
        before = self.ops, self.page
        if push:
            self.ops = max(1, self.ops // 2)
        if page:
            self.page = max(min(SMALLEST_PAGE, self._most_page), self.page // 2)
        return (self.ops, self.page) != before

    def push_grows(self) -> None:
        self.ops = min(self._most_ops, self.ops * 2)

    def page_grows(self) -> None:
        self.page = min(self._most_page, self.page * 2)
