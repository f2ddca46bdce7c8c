"""Tables that central alone has: devices, ops, ways out, the audit, first pulls. `tables` holds the synced ones."""

from sqlalchemy import BigInteger
from sqlmodel import Field

from .tables_base import Table, big, big_or_none


class DeviceRow(Table, table=True):
    """A laptop of one person. `inc`, `last_counter`, `last_link`: the end of its chain. `vault`: how it keeps its keys;
    `pass_counter`: of the newest offline pass; `receive_key`: its X25519 key, empty before it told one."""

    __tablename__ = "device"

    id: str = Field(primary_key=True)
    person: str
    public_key: str
    code: str
    inc: str | None = None
    last_counter: int = big()
    last_link: str
    state: str
    name: str
    created_at: int = big()
    last_seen_at: int | None = big_or_none()
    vault: str
    pass_counter: int = big()
    receive_key: str


class StandingRow(Table, table=True):
    """What a person was from `since` on."""

    __tablename__ = "standing"

    person: str = Field(primary_key=True)
    since: int = Field(sa_type=BigInteger, primary_key=True)
    role: str
    tier: str
    queues: str
    active: int


class SessionTokenRow(Table, table=True):
    """`hash`: SHA-256 of the token."""

    __tablename__ = "session_token"

    id: str = Field(primary_key=True)
    person: str
    device: str | None = None
    kind: str
    hash: str
    expires_at: int = big()
    revoked_at: int | None = big_or_none()
    family: str | None = None
    replaced_by: str | None = None
    created_at: int = big()
    last_seen_at: int | None = big_or_none()


class ServiceTokenRow(Table, table=True):
    """A token for scripts; `hash`: SHA-256 of the whole."""

    __tablename__ = "service_token"

    id: str = Field(primary_key=True)
    hash: str
    owner: str
    name: str
    scopes: str
    networks: str
    created_at: int = big()
    expires_at: int = big()
    revoked_at: int | None = big_or_none()
    last_used_at: int | None = big_or_none()
    last_address: str | None = None


class OpRow(Table, table=True):
    """Every op with its lasting answer; `result` is a `wire.OpResult` as JSON."""

    __tablename__ = "op"

    op_id: str = Field(primary_key=True)
    device: str | None = None
    inc: str | None = None
    counter: int | None = big_or_none()
    kind: str
    target: str
    actor: str
    body: str
    code: str
    result: str
    seq: int = big()
    received_at: int = big()
    envelope: str


class OpBodyRow(Table, table=True):
    """What erasure deletes. `at`: when the op was received."""

    __tablename__ = "op_body"

    op_id: str = Field(primary_key=True)
    salt: str
    args: str
    before: str
    at: int = big()


class ChannelRow(Table, table=True):
    """A way out to customers that is switched on."""

    __tablename__ = "channel"

    channel: str = Field(primary_key=True)
    adapter: str
    target: str
    on_at: int = big()


class DispatchRow(Table, table=True):
    """A public reply on its way out."""

    __tablename__ = "dispatch"

    entry: str = Field(primary_key=True)
    channel: str
    address: str
    queued_at: int = big()
    state: str
    attempts: int
    next_at: int | None = big_or_none()
    note: str | None = None


class AuditRow(Table, table=True):
    """A chain of records that are added, never changed."""

    __tablename__ = "audit"

    seq: int = Field(sa_type=BigInteger, primary_key=True)
    at: int = big()
    actor: str
    act: str
    data: str
    hash: str


class AuditAboutRow(Table, table=True):
    """`about`: of an id or word in the data of record `seq` (`audit.mark`)."""

    __tablename__ = "audit_about"

    about: int = big(key=True)
    seq: int = big(key=True)


class TallyRow(Table, table=True):
    """What was counted since the last record of it in the audit (`tally`)."""

    __tablename__ = "tally"

    act: str = Field(primary_key=True)
    about: str = Field(primary_key=True)
    since: int = big()
    count: int


class SnapshotRow(Table, table=True):
    """A first pull that is shared for a while."""

    __tablename__ = "snapshot"

    id: str = Field(primary_key=True)
    audience: str
    generation: str
    seq: int = big()
    state: str
    made_at: int = big()
    touched_at: int = big()


class SnapshotPartRow(Table, table=True):
    """One part of it, packed."""

    __tablename__ = "snapshot_part"

    snapshot: str = Field(primary_key=True)
    person: str = Field(primary_key=True)
    n: int = Field(primary_key=True)
    entities: str
    row_count: int
    size: int
    sha256: str
    body: bytes
