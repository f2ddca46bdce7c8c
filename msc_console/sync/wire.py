"""The messages between a laptop and central, once for both sides. `docs/protocol.md` numbers their rules.

Times are RFC 3339 text with milliseconds and `Z`. Unknown fields are ignored by an older peer and never an error.
"""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, field

from ..digest import BUCKETS

PROTOCOL = 1
PROTOCOL_OLDEST_PULL = 1
PROTOCOL_OLDEST_PUSH = 1
HEADER = "MSC-Protocol"
JSON, NDJSON, PROBLEM = "application/json", "application/x-ndjson", "application/problem+json"
"""What bodies are: one message, lines of `Line`, a refusal (RFC 9457)."""
PUSH_OPS = 100
"""Most ops in one push."""
PUSH_BYTES = 256 * 1024
SPOOL_LENGTH = 400 * 1024
"""Most characters of `Spooled.sealed`."""
PAGE_ROWS = 500
CURSOR_LENGTH = 2000
"""Most characters of a cursor."""
WAIT_SECONDS = 25
"""Longest long poll."""
PING_SECONDS = 20
"""Longest silence of a stream."""
PART_BYTES = 4 * 1024 * 1024
"""Most bytes of a part of a snapshot, packed."""
VERIFY = "verify"
"""The word in `Hello.features` for `POST /v1/verify`."""
ZSTD = "zstd"
"""The word in `Hello.features` for pushes that come packed."""
STREAM = "stream"
"""The word in `Hello.features` for `GET /v1/stream`."""
SNAPSHOTS = "snapshots"
"""The word in `Hello.features` for `POST /v1/snapshots`."""
DEVICE_PROOF = "device-proof"
"""The word in `Hello.features` for a sign-in that needs `SignIn.nonce` and `SignIn.proof`."""


class Basis(Struct, frozen=True, omit_defaults=True):
    ver: int = 0
    epoch: int = 0
    claim: str | None = None


class Envelope(Struct, frozen=True, omit_defaults=True):
    """A sealed op. The signature covers every field but `sig`, `salt`, `args` and `before`; `body` stands for these.

    `prev` is the `link` hash of the op with counter - 1 of the same device and incarnation, empty for the first.
    """

    op: str
    device: str
    inc: str
    counter: int
    prev: str
    actor: str
    kind: str
    kv: int
    target: str
    basis: Basis
    made_at: str
    skew: int
    body: str
    sig: str
    salt: str
    args: dict[str, Any]
    before: dict[str, Any] = {}
    deps: list[str] = []
    cause: str | None = None
    seen_at: str | None = None


class Push(Struct, frozen=True):
    """`POST /v1/push`: ops of one device in the order of their counters."""

    device: str
    ops: list[Envelope]


class Spooled(Struct, frozen=True):
    """`POST /v1/spool`: a `Push` of another device as JSON, sealed (age, X25519) to the pass's `policy.spool`, in
    base64. Whoever brings it can't read it."""

    sealed: Annotated[str, Meta(max_length=SPOOL_LENGTH)]


class SpoolReply(Struct, frozen=True):
    """How many ops were in it; what became of them is for their author alone."""

    count: int


class OpResult(Struct, frozen=True, omit_defaults=True):
    """Central's answer to one op. `seq` is the feed position after which a pull holds its effects."""

    op: str
    result: str
    seq: int = 0
    ver: int = 0
    reason: str | None = None
    data: dict[str, Any] = {}
    number: str | None = None


class PushReply(Struct, frozen=True):
    server_time: str
    results: list[OpResult]


class StatusAsk(Struct, frozen=True):
    ops: list[str]


class StatusReply(Struct, frozen=True):
    """Results of the ops that central knows; the others are absent."""

    results: list[OpResult]


class Limits(Struct, frozen=True):
    push_ops: int = PUSH_OPS
    push_bytes: int = PUSH_BYTES
    page_rows: int = PAGE_ROWS
    wait_seconds: int = WAIT_SECONDS


class Site(Struct, frozen=True):
    id: str
    name: str
    zone: str


class Hello(Struct, frozen=True):
    """`GET /v1/hello`: open to everyone, the proof that this is a central of ours."""

    product: str
    version: str
    protocol: int
    protocol_oldest_pull: int
    protocol_oldest_push: int
    generation: str
    site: Site
    server_time: str
    limits: Limits = Limits()
    features: list[str] = []
    """What this central can do beyond the first version; a word that a client doesn't know means nothing to it."""
    nonce: str = ""
    """For the proof of a sign-in within the next two minutes."""


PASS, WIPE = "msc-pass", "msc-wipe"
"""Purposes of `Signed`."""
VAULT_KEYRING, VAULT_PASSWORD = "keyring", "password"
VAULTS = (VAULT_KEYRING, VAULT_PASSWORD)


class SignIn(Struct, frozen=True):
    login: str
    password: str
    device_key: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """Ed25519 public key, 64 hex digits."""
    device_name: str = ""
    vault: str = ""
    """How the laptop keeps its keys: `keyring` (two halves), `password` (one), or no word."""
    nonce: str = ""
    """As `Hello.nonce` gave it."""
    proof: str = ""
    """Ed25519 signature (hex) by the device key over `msc-sign-in|<nonce>|<device_key>|<receive_key>|<login>`."""
    receive_key: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""
    """The device's X25519 public key, 64 hex digits."""
    enrolment: str = ""
    """The single-use code for a device key that is new at central, where the site asks for one."""


class Pending(Struct, frozen=True):
    """The password was right: `token` is good for the one-time code alone, or with `setup` for setting it up alone."""

    token: str
    expires_at: str
    keyring: str = ""
    """The site's word about keyrings: `required`, `optional` or none."""
    setup: bool = False
    """The person has no authenticator yet: `POST /v1/totp/setup` comes next."""
    change: bool = False
    """Others were told this password: the next step has to bring one of the person's own as `new`."""


class Signed(Struct, frozen=True):
    """A document of central's own: `doc` is JSON in ASCII, `sig` the Ed25519 signature (hex) over `<purpose>|<doc>`,
    `key` the public half (hex), which a laptop pins when it signs in."""

    doc: str
    sig: str
    key: str


class Code(Struct, frozen=True):
    code: str
    """Six digits of the authenticator, or a recovery code."""
    take_over: bool = False
    """End the person's session on another device."""
    new: str = ""
    """Where `Pending` said `change`: the password from now on."""


class Tokens(Struct, frozen=True):
    access: str
    access_until: str
    refresh: str
    refresh_until: str
    device: str
    device_code: str
    """Three letters, unique in the site: the prefix of the aliases of tickets made on this laptop."""
    person: dict[str, Any]
    server_time: str
    offline: Signed | None = None
    """Purpose `msc-pass`: until when this laptop opens with central gone."""


class Refresh(Struct, frozen=True):
    refresh: str
    proof: str = ""
    """Ed25519 signature (hex) by the device key over `msc-refresh|<refresh token>`."""


class PasswordChange(Struct, frozen=True):
    """`PUT /v1/session/password`: the person's own, in their session."""

    old: str
    new: str


class DeviceAsk(Struct, frozen=True):
    """`POST /v1/device`: how does this device stand? Open to whoever holds its key."""

    device: str
    proof: str
    """Ed25519 signature (hex) by the device key over `msc-refresh|<device>`: no token looks like a device's id."""


class DeviceStanding(Struct, frozen=True):
    """`state`: active or revoked. `wipe`: purpose `msc-wipe`, the order that a revoked device obeys."""

    state: str
    wipe: Signed | None = None


class Line(Struct, frozen=True, omit_defaults=True):
    """One NDJSON line of `GET /v1/changes`. A page counts only when its last line, `t = "end"`, has arrived.

    `put`: the row `id` of `entity` as it is now (`d`); `leave`: it left the reader's scope; `del`: it is gone.
    """

    t: str
    entity: str = ""
    id: str = ""
    seq: int = 0
    d: dict[str, Any] | UnsetType = UNSET
    cursor: str = ""
    rows: int = 0
    up_to_date: bool = False
    server_time: str = ""


class Head(Struct, frozen=True):
    """Event `head` of `GET /v1/stream`: the feed has moved to `seq`. The client pulls after a random part of
    `jitter_ms`."""

    seq: int
    jitter_ms: int = 0


class Bye(Struct, frozen=True):
    """Event `bye`: central ends the stream. `code` is `stopping`, `replaced` or the 401 that the session would get."""

    code: str
    jitter_ms: int = 0


class SnapshotPart(Struct, frozen=True):
    """One part of a snapshot. `bytes` and `sha256` (hex) are those of the packed body; below 0, `n` is the reader's
    own."""

    n: int
    rows: int
    bytes: int
    sha256: str
    entities: list[str]


class Snapshot(Struct, frozen=True):
    """What `POST /v1/snapshots` gives. Parts are fetched in this order; while `whole` is false more will follow.

    `cursor` goes on in the feed right after `seq`, once all parts are in.
    """

    id: str
    generation: str
    seq: int
    cursor: str
    whole: bool
    parts: list[SnapshotPart]


class VerifyAsk(Struct, frozen=True):
    """`POST /v1/verify`: what should a laptop hold that has read up to `cursor`? `buckets`: entities whose 256 parts
    are wanted too."""

    cursor: Annotated[str, Meta(max_length=CURSOR_LENGTH)]
    buckets: Annotated[list[str], Meta(max_length=50)] = []


class Digested(Struct, frozen=True):
    """Count and sum (16 hex digits) of an entity's rows; `buckets` the same for each of 256 parts, where asked for."""

    count: int
    sum: str
    buckets: list[tuple[int, str]] = []


class VerifyReply(Struct, frozen=True):
    """Not `up_to_date`: there is news behind the cursor, so nothing was counted. `server_time`: the moment of it."""

    up_to_date: bool
    server_time: str
    entities: dict[str, Digested] = {}


class VerifyRowsAsk(Struct, frozen=True):
    """`POST /v1/verify/rows`: the reader's rows of some buckets, as a page of puts whose `cursor` is the one given."""

    cursor: Annotated[str, Meta(max_length=CURSOR_LENGTH)]
    entity: str
    buckets: Annotated[list[Annotated[int, Meta(ge=0, lt=BUCKETS)]], Meta(max_length=BUCKETS)]


class TokenAsk(Struct, frozen=True):
    """`POST /v1/tokens`: a token for a script. `networks`: address ranges (CIDR); `days`: 1 to 90. With `dry_run` it is
    judged and answered as if it were made."""

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    scopes: Annotated[list[str], Meta(max_length=10)]
    networks: Annotated[list[Annotated[str, Meta(max_length=50)]], Meta(max_length=20)]
    days: int
    dry_run: bool = False


class ServiceToken(Struct, frozen=True, omit_defaults=True):
    """A token for a script without its secret."""

    id: str
    name: str
    scopes: list[str]
    networks: list[str]
    created_at: str
    expires_at: str
    revoked_at: str | None = None
    last_used_at: str | None = None
    last_address: str | None = None


class TokenMade(Struct, frozen=True):
    """`token` is told this once; empty where nothing was made."""

    token: str
    info: ServiceToken


class TokenList(Struct, frozen=True):
    """`GET /v1/tokens`."""

    tokens: list[ServiceToken]


class Problem(Struct, frozen=True, omit_defaults=True):
    """RFC 9457, `application/problem+json`. `code` is the stable key; `data` fills the sentence."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    data: dict[str, Any] = field(default_factory=dict)
