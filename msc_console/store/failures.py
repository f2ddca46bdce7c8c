"""What can go wrong with the cache file, in keys that have a sentence. Whatever happens, nothing is deleted here:
the unsent work stays in the file as it is."""

from ..errors import MscError


class CacheError(MscError):
    """The cache can't be used as it stands.

    Keys: `cache_missing`, `cache_key` (wrong key, or no cache of ours), `cache_plaintext`, `cache_damaged`,
    `cache_newer` (written by a newer program), `cache_busy`, `cache_driver` (no encryption in the driver),
    `cache_read_only`. Data: `path`, where it helps.
    """


class DiskFull(CacheError):
    """No room left on the disk (key `disk_full`). The write was rolled back whole."""
