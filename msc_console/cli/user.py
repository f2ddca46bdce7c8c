"""`msc user`: people's accounts, for those who look after them. Everything needs central now."""

from typing import TYPE_CHECKING, Annotated

import typer

from ..clock import parse
from ..errors import UsageError
from ..i18n import _, ngettext, when
from . import seats
from .devices import columns as laptop_columns
from .devices import state_word as laptop_state
from .manner import manner
from .output import Column, emit, emit_one, pairs, plain, rehearsed, table, terminal_width
from .talk import say

if TYPE_CHECKING:
    from ..desk import Desk
    from ..sync.wire_people import Ended, LeftTicket, User

Login = Annotated[str, typer.Argument(metavar="LOGIN", help=_("Whose"), show_default=False)]
Tier = Annotated[str | None, typer.Option("--tier", help="l0, l1, l2, principal, business_unit", show_default=False)]
Queues = Annotated[
    list[str] | None, typer.Option("--queue", help=_("Queue key; may be given several times"), show_default=False)
]


def list_() -> None:
    """Whom you look after, with what is open of theirs."""
    from ..desk import people

    _emit(people.users(seats.acting()), _("You look after nobody."))


def show(login: Login) -> None:
    """One person with sessions and laptops."""
    from ..desk import people

    desk = seats.acting()
    found = people.user(desk, login)
    zone = desk.settings.zone
    rows = [
        *_facts(found.user),
        (_("Tickets held"), str(found.tickets)),
        (_("Tokens for scripts"), str(found.tokens)),
        *((_("Session"), f"{one.device} {one.name}, {when(parse(one.since), zone)}") for one in found.sessions),
        *((_("Laptop"), f"{one.code} {one.name} ({laptop_state(one.state)})") for one in found.devices),
    ]
    emit_one(plain(found), login, lambda: pairs(rows))


def add(
    login: Annotated[str, typer.Argument(help=_("Of the set-up file, or a new one"), show_default=False)],
    name: Annotated[str, typer.Option("--name", help=_("Of a new person"), show_default=False)] = "",
    role: Annotated[
        str, typer.Option("--role", help=_("Of a new person: agent, supervisor, resolver, ..."), show_default=False)
    ] = "",
    tier: Tier = None,
    queue: Queues = None,
) -> None:
    """Give somebody a first password. It is shown once; the authenticator is set up at the first sign-in."""
    from ..desk import people

    made = people.add(seats.acting(), login, name, role, tier or "l0", queue or [], dry_run=manner().dry_run)
    rows = [*_facts(made.user), (_("Password"), made.password)]
    emit_one(plain(made.user) | {"password": made.password}, made.password, lambda: pairs(rows))
    if not rehearsed():
        say(_("A new laptop needs a code too: msc device enrol {login}").format(login=login))


def disable(
    login: Login,
    offboard: Annotated[
        bool,
        typer.Option(
            "--offboard", help=_("For good: laptops, tokens and codes end too, tickets go back to their queues")
        ),
    ] = False,
) -> None:
    """Switch an account off: all sessions end at once."""
    from ..desk import people

    desk = seats.acting()
    _tell_ended(desk, people.disable(desk, login, offboard=offboard, dry_run=manner().dry_run))


def enable(login: Login) -> None:
    """Switch an account on again. Laptops that were revoked stay so."""
    from ..desk import people

    _emit([people.enable(seats.acting(), login, dry_run=manner().dry_run)])
    rehearsed()


def role(
    login: Login,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="agent, supervisor, resolver, ...", show_default=False)],
    tier: Tier = None,
    queue: Queues = None,
) -> None:
    """Give another role, and other levels or queues where they are named."""
    from ..desk import people

    _emit([people.change_role(seats.acting(), login, role, tier, queue, dry_run=manner().dry_run)])
    rehearsed()


def erase(
    login: Login,
    yes: Annotated[bool, typer.Option("--yes", help=_("It is the right person; erasing can't be undone"))] = False,
) -> None:
    """A pseudonym in place of somebody who has left, here and on every laptop; their acts stay and still verify."""
    from ..desk import people

    desk = seats.acting()
    if not yes and not manner().dry_run:
        raise UsageError("erase_unsure", name=people.user(desk, login).user.name)
    done = people.erase(desk, login, dry_run=manner().dry_run)
    rows = [
        (_("Was"), done.was),
        (_("Is now"), done.login),
        (_("Entries with the name"), str(done.entries)),
        (_("Backups"), _("those of before still hold the name: erase again after a restore")),
    ]
    emit_one(plain(done), done.login, lambda: pairs(rows))
    if not rehearsed() and done.entries:
        say(_("Central puts the pseudonym into them within minutes, and laptops follow."))


def devices(login: Login) -> None:
    """Somebody's laptops."""
    from ..desk import people

    desk = seats.acting()
    found = people.user(desk, login).devices
    emit(found, laptop_columns(desk), plain, lambda one: one.code, _("No laptop."))


def sessions(
    login: Login, end: Annotated[bool, typer.Option("--end", help=_("Sign them out everywhere"))] = False
) -> None:
    """Somebody's open sessions, and their end."""
    from ..desk import people

    desk = seats.acting()
    if end:
        _tell_ended(desk, people.end_sessions(desk, login, dry_run=manner().dry_run))
        return
    zone = desk.settings.zone
    emit(
        people.user(desk, login).sessions,
        [
            Column(_("Laptop"), lambda one: one.device),
            Column(_("Name"), lambda one: one.name, cuts=True),
            Column(_("Since"), lambda one: when(parse(one.since), zone)),
            Column(_("Last seen"), lambda one: when(parse(one.last_seen), zone) if one.last_seen else "-"),
        ],
        plain,
        lambda one: one.device,
        _("No session is open."),
    )


def _emit(users: "list[User]", empty: str = "") -> None:
    from ..widgets.words import role_word, tier_short

    emit(
        users,
        [
            Column(_("Login"), lambda one: one.login),
            Column(_("Name"), lambda one: one.name, cuts=True),
            Column(_("Role"), lambda one: role_word(one.role), cuts=True),
            Column(_("Level"), lambda one: tier_short(one.tier), optional=True),
            Column(_("Queues"), lambda one: ", ".join(one.queues), cuts=True, optional=True),
            Column(_("Account"), _account),
            Column(_("Sessions"), lambda one: str(one.sessions), right=True),
            Column(_("Laptops"), lambda one: str(one.devices), right=True),
        ],
        plain,
        lambda one: one.login,
        empty,
    )


def _facts(user: "User") -> list[tuple[str, str]]:
    from ..widgets.words import role_word, tier_short

    return [
        (_("Login"), user.login),
        (_("Name"), user.name),
        (_("Role"), role_word(user.role)),
        (_("Level"), tier_short(user.tier)),
        (_("Queues"), ", ".join(user.queues)),
        (_("Account"), _account(user)),
    ]


def _account(user: "User") -> str:
    if not user.active:
        return _("off")
    return _("on") if user.can_sign_in else _("no password")


def _tell_ended(desk: "Desk", ended: "Ended") -> None:
    """What ended, and the tickets that lie there for others."""
    rows = [
        (_("Login"), ended.user.login),
        (_("Account"), _account(ended.user)),
        (_("Sessions ended"), str(ended.sessions)),
        (_("Laptops revoked"), " ".join(ended.devices)),
        (_("Tokens ended"), str(ended.tokens or "")),
        (_("Codes ended"), str(ended.codes or "")),
    ]

    def words() -> str:
        blocks = [
            pairs(rows),
            *_block(desk, _("Back in their queues:"), ended.tickets),
            *_block(desk, _("Escalations that they had acknowledged, for their level to look at:"), ended.escalations),
        ]
        return "\n\n".join(blocks)

    emit_one(plain(ended), ended.user.login, words)
    if not rehearsed() and ended.devices:
        say(
            ngettext(
                "The laptop saves what is unsent for the recovery key's holders and wipes itself at its next contact.",
                "The laptops save what is unsent for the recovery key's holders and wipe themselves at their next "
                "contact.",
                len(ended.devices),
            )
        )


def _block(desk: "Desk", heading: str, tickets: "list[LeftTicket]") -> list[str]:
    from ..widgets.words import priority_word, state_word

    zone = desk.settings.zone
    columns = [
        Column(_("Ticket"), lambda one: f"MSC-{one.number:06d}" if one.number else one.id),
        Column(_("Queue"), lambda one: one.queue),
        Column(_("State"), lambda one: state_word(one.state)),
        Column(_("Priority"), lambda one: priority_word(one.priority)),
        Column(_("Due"), lambda one: when(parse(one.due), zone) if one.due else "-"),
    ]
    return ["\n".join([heading, *table(tickets, columns, terminal_width())])] if tickets else []
