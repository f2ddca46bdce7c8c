"""What can go wrong with an identity. Keys are stable; `messages` turns them into sentences."""

from ..errors import MscError, NotAllowed


class WrongPassword(NotAllowed):
    """The password doesn't open this vault. `left`: tries before the keyring's secret is deleted, where it counts."""

    def __init__(self, left: int | None = None) -> None:
        super().__init__(
            "wrong_password" if left is None else "wrong_password_left", **({"left": left} if left else {})
        )
        self.left = left


class VaultLocked(NotAllowed):
    """The keyring's half of the key is gone: after ten wrong passwords, or because this is another user or system."""

    def __init__(self) -> None:
        super().__init__("vault_locked")


class KeyringUnavailable(NotAllowed):
    """The system's keyring can't be used now. `reason`: `absent`, `locked`, `slow` (a prompt that nobody answered),
    `refused`, `forgets` (what was written did not come back) or `foreign` (another program's item)."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"keyring_{reason}")
        self.reason = reason


class KeyringRequired(NotAllowed):
    """Policy permits no vault that a password alone opens."""

    def __init__(self) -> None:
        super().__init__("keyring_required")


class VaultMissing(NotAllowed):
    """This person never signed in on this laptop: the first sign-in needs central."""

    def __init__(self) -> None:
        super().__init__("vault_missing")


class VaultDamaged(MscError):
    """The file is no vault of this person and this version.

    `reason`: `format`, `version`, `mode`, `checksum`, `person`, `kdf` or `payload`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("vault_damaged", reason=reason)
        self.reason = reason


class VaultWeak(NotAllowed):
    """The vault's key derivation is weaker than this policy permits."""

    def __init__(self, policy: str) -> None:
        super().__init__("vault_weak", policy=policy)


class SessionRunning(MscError):
    """Another unlocked session of this person answers on this laptop."""

    def __init__(self) -> None:
        super().__init__("session_running")


class SessionFailed(MscError):
    """The session process couldn't be started. `reason`: `folder`, `expired`, `start`."""

    def __init__(self, reason: str) -> None:
        super().__init__("session_failed", reason=reason)
        self.reason = reason
