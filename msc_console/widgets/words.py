"""The trade's closed lists in the person's words, long and short. A value of a newer peer is shown as it is."""

from datetime import timedelta

from msc_console.domain.terms import (
    Channel,
    Delivery,
    Level,
    Metric,
    Priority,
    Role,
    State,
    SubKind,
    TicketKind,
    Tier,
    WaitingParty,
)
from msc_console.i18n import N_, _, duration_short
from msc_console.text import clean

_STATE: dict[str, str] = {
    State.NEW: N_("new"),
    State.OPEN: N_("open"),
    State.WAITING_CUSTOMER: N_("waiting for customer"),
    State.WAITING_VENDOR: N_("waiting for vendor"),
    State.WAITING_LEVEL: N_("waiting for level"),
    State.SCHEDULED: N_("scheduled"),
    State.RESOLVED: N_("resolved"),
    State.CLOSED: N_("closed"),
    State.MERGED: N_("merged"),
    State.CANCELLED: N_("cancelled"),
}
_STATE_SHORT: dict[str, str] = {
    State.WAITING_CUSTOMER: N_("wait cust."),
    State.WAITING_VENDOR: N_("wait vendor"),
    State.WAITING_LEVEL: N_("wait level"),
}
_TIER: dict[str, str] = {
    Tier.L0: "L0",
    Tier.L1: "L1",
    Tier.L2: "L2",
    Tier.PRINCIPAL: N_("principal"),
    Tier.BUSINESS_UNIT: N_("business unit"),
}
_TIER_SHORT: dict[str, str] = {Tier.PRINCIPAL: N_("prin."), Tier.BUSINESS_UNIT: N_("BU")}
_PARTY: dict[str, str] = {
    WaitingParty.CUSTOMER: N_("customer"),
    WaitingParty.VENDOR: N_("vendor"),
    WaitingParty.SCHEDULE: N_("the schedule"),
}
_LEVEL: dict[str, str] = {Level.LOW: N_("low"), Level.MEDIUM: N_("medium"), Level.HIGH: N_("high")}
_PRIORITY: dict[str, str] = {
    Priority.CRITICAL: N_("critical"),
    Priority.HIGH: N_("high"),
    Priority.MEDIUM: N_("medium"),
    Priority.LOW: N_("low"),
}
_PRIORITY_MARK: dict[str, str] = {
    Priority.CRITICAL: "P1!",
    Priority.HIGH: "P2",
    Priority.MEDIUM: "P3",
    Priority.LOW: "P4",
}
_CHANNEL: dict[str, str] = {
    Channel.PHONE: N_("phone"),
    Channel.EMAIL: N_("email"),
    Channel.WHATSAPP: "WhatsApp",
    Channel.SOCIAL: N_("social media"),
    Channel.MONITORING: N_("monitoring"),
    Channel.INTERNAL: N_("internal"),
}
_CHANNEL_SHORT: dict[str, str] = {
    Channel.PHONE: N_("tel."),
    Channel.WHATSAPP: "WA",
    Channel.SOCIAL: N_("social"),
    Channel.MONITORING: N_("monit."),
    Channel.INTERNAL: N_("intern"),
}
_KIND: dict[str, str] = {
    TicketKind.INCIDENT: N_("incident"),
    TicketKind.SUPPORT_DELIVERY: N_("support delivery"),
    TicketKind.REQUEST: N_("request"),
    TicketKind.INQUIRY: N_("inquiry"),
    SubKind.OP_LEVEL: "Op Level",
    SubKind.DEVOP: "DevOp",
    SubKind.FULL_DEV: "Full Dev",
}
_METRIC: dict[str, str] = {Metric.RESPONSE: N_("Response"), Metric.RESOLUTION: N_("Resolution")}
_DELIVERY: dict[str, str] = {
    Delivery.QUEUED: N_("queued"),
    Delivery.SENT: N_("sent"),
    Delivery.DELIVERED: N_("delivered"),
    Delivery.READ: N_("read"),
    Delivery.FAILED: N_("NOT DELIVERED"),
}
_ROLE: dict[str, str] = {
    Role.AGENT: N_("Agent"),
    Role.AGENT_B2B: N_("B2B agent"),
    Role.EOS: N_("Engineer on site"),
    Role.SUPERVISOR: N_("Supervisor"),
    Role.MANAGER: N_("Duty manager"),
    Role.QA: N_("Quality assurance"),
    Role.WFM: N_("Workforce"),
    Role.DUKTEK: N_("Technical support"),
    Role.RESOLVER: N_("Resolver"),
    Role.CUSTOMER: N_("Customer"),
    Role.SYSTEM: N_("System"),
}
_FIELD: dict[str, str] = {
    "subject": N_("subject"),
    "contact": N_("contact"),
    "contact_name": N_("contact"),
    "organisation": N_("organisation"),
    "organisation_name": N_("organisation"),
    "service": N_("service"),
    "component": N_("component"),
    "category": N_("category"),
    "queue": N_("queue"),
    "kind": N_("kind"),
    "sub_kind": N_("sub-kind"),
    "state": N_("state"),
    "urgency": N_("urgency"),
    "impact": N_("impact"),
    "priority": N_("priority"),
    "owner": N_("holder"),
    "tier": N_("level"),
    "tags": N_("tags"),
}


def _word(table: dict[str, str], value: str) -> str:
    found = table.get(value)
    return clean(str(value), line=True) if found is None else _(found)


def state_word(state: str, party: str | None = None) -> str:
    """The state in full; a ticket at a level names it when `party` is known."""
    if state == State.WAITING_LEVEL and party:
        return _("waiting for {tier}").format(tier=tier_word(party))
    return _word(_STATE, state)


def state_short(state: str, party: str | None = None) -> str:
    """The state for a narrow column, about ten cells."""
    if state == State.WAITING_LEVEL and party:
        return _("wait {tier}").format(tier=tier_short(party))
    return _word(_STATE_SHORT if state in _STATE_SHORT else _STATE, state)


def tier_word(tier: str) -> str:
    """A level of support."""
    return _word(_TIER, tier)


def tier_short(tier: str) -> str:
    """A level of support in at most five cells."""
    return _word(_TIER_SHORT if tier in _TIER_SHORT else _TIER, tier)


def party_word(party: str) -> str:
    """Whom a held ticket waits for: a party or a level."""
    return _word(_PARTY if party in _PARTY else _TIER, party)


def level_word(level: str) -> str:
    """Urgency or impact."""
    return _word(_LEVEL, level)


def priority_word(priority: str) -> str:
    """The priority in full."""
    return _word(_PRIORITY, priority)


def priority_mark(priority: str) -> str:
    """`P1!` to `P4`; one that this version doesn't know comes in its own words."""
    return _PRIORITY_MARK.get(priority) or clean(str(priority), line=True)


def channel_word(channel: str) -> str:
    """The channel in full."""
    return _word(_CHANNEL, channel)


def channel_short(channel: str) -> str:
    """The channel in at most six cells."""
    return _word(_CHANNEL_SHORT if channel in _CHANNEL_SHORT else _CHANNEL, channel)


def kind_word(kind: str) -> str:
    """A kind or sub-kind of ticket."""
    return _word(_KIND, kind)


def metric_word(metric: str) -> str:
    """What a clock measures."""
    return _word(_METRIC, metric)


def delivery_word(delivery: str) -> str:
    """Where a reply is on its way."""
    return _word(_DELIVERY, delivery)


def role_word(role: str) -> str:
    """A role of the service centre."""
    return _word(_ROLE, role)


def field_word(field: str) -> str:
    """A field of a ticket."""
    return _word(_FIELD, field)


def clock_word(offset: timedelta) -> str:
    """How far this laptop's clock is from central's; `offset` is central's time minus the laptop's."""
    told = _("this laptop's clock is {time} slow") if offset > timedelta(0) else _("this laptop's clock is {time} fast")
    return told.format(time=duration_short(abs(offset)))
