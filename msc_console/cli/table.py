"""What `msc` can be asked: every noun and verb with its line of help and the function behind it.

Nothing of a noun is imported before it is called; help, completion and the reference page read this table.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..i18n import N_


class Verb(NamedTuple):
    """A command. `place` is `module:function` in this package."""

    place: str
    help: str
    writes: bool = False
    """It makes acts: `--dry-run` and `--wait` belong to it."""
    shows: bool = True
    """It has output to choose a form for: `-o`, `--json`, `-q`."""
    changes: bool = False
    """It changes something at central at once: `--dry-run` belongs to it."""


class Noun(NamedTuple):
    """A thing and what can be done with it. `default` is the verb when none is given."""

    help: str
    verbs: Mapping[str, Verb]
    default: str | None = None


class Other(NamedTuple):
    """A typer app of its own. `place` is `module:object` in this package."""

    place: str
    help: str


Item = Verb | Noun | Other

TABLE: Mapping[str, Item] = {
    "login": Verb(
        "signing:login", N_("Sign in: at central, or with the password alone while central is gone."), shows=False
    ),
    "logout": Verb("signing:logout", N_("Sign out; what is unsent stays safe on this laptop."), shows=False),
    "lock": Verb("signing:lock", N_("Lock: forget the keys until the next sign-in."), shows=False),
    "passwd": Verb("vault:passwd", N_("Change your password: at central, and for this laptop."), shows=False),
    "account": Noun(
        N_("How you get into central."),
        {
            "show": Verb("account:show", N_("Recovery codes that are left, and notices about your account.")),
            "password": Verb("vault:passwd", N_("Change your password: at central, and for this laptop."), shows=False),
            "totp": Verb("account:totp", N_("Go to another telephone; the next sign-in sets it up."), shows=False),
            "recovery": Verb("account:recovery", N_("Ten new recovery codes, shown once."), shows=False),
        },
        default="show",
    ),
    "device": Noun(
        N_("Laptops."),
        {
            "list": Verb("devices:list_", N_("Laptops of those whom you look after, good and revoked ones.")),
            "enrol": Verb("account:enrol", N_("A code that lets one new laptop of a person in, within 15 minutes.")),
            "revoke": Verb(
                "devices:revoke",
                N_("A lost laptop: nothing of it counts any more, and at its next contact it wipes itself."),
                changes=True,
            ),
        },
        default="list",
    ),
    "user": Noun(
        N_("People: accounts, roles, ways in."),
        {
            "list": Verb("user:list_", N_("Whom you look after, with what is open of theirs.")),
            "show": Verb("user:show", N_("One person with sessions and laptops.")),
            "add": Verb("user:add", N_("Give somebody a first password. It is shown once."), changes=True),
            "disable": Verb(
                "user:disable",
                N_("Switch an account off: all sessions end at once; --offboard for good."),
                changes=True,
            ),
            "enable": Verb("user:enable", N_("Switch an account on again."), changes=True),
            "role": Verb("user:role", N_("Give another role, level or queues."), changes=True),
            "erase": Verb(
                "user:erase", N_("Erase somebody who has left: a pseudonym in place of the name."), changes=True
            ),
            "devices": Verb("user:devices", N_("Somebody's laptops.")),
            "sessions": Verb("user:sessions", N_("Somebody's open sessions, and their end."), changes=True),
            "reset-password": Verb(
                "account:reset_password", N_("A forgotten password: one lead asks, another approves.")
            ),
            "reset-2fa": Verb(
                "account:reset_2fa", N_("Have a second factor set back: one lead asks, another approves.")
            ),
        },
        default="list",
    ),
    "token": Noun(
        N_("Tokens with which scripts read from central."),
        {
            "create": Verb("token:create", N_("Make a token. It is shown once."), changes=True),
            "list": Verb("token:list_", N_("Your tokens, living and dead.")),
            "revoke": Verb("token:revoke", N_("End a token for good."), shows=False, changes=True),
        },
        default="list",
    ),
    "api": Verb("api:api", N_("What central gives at an address, for scripts."), shows=False),
    "status": Verb("standing:status", N_("Who is signed in, and what waits.")),
    "session": Noun(
        N_("The unlocked session of this laptop."),
        {
            "status": Verb("standing:session", N_("Whether a session is unlocked, and until when.")),
            "lock": Verb("signing:lock", N_("Lock: forget the keys until the next sign-in."), shows=False),
        },
        default="status",
    ),
    "vault": Noun(
        N_("How this laptop's keys are kept, and bringing them back."),
        {
            "status": Verb("vault:status", N_("How the keys are kept, and until when they open without central.")),
            "keyring": Verb("vault:keyring", N_("Need the system's keyring besides the password."), shows=False),
            "password": Verb("vault:password", N_("Need the password alone, where that is permitted."), shows=False),
            "rotate": Verb("vault:rotate", N_("Give the cache another key."), shows=False),
            "recover": Verb(
                "vault:recover", N_("Bring the work of a closed laptop back, with two people."), shows=False
            ),
        },
        default="status",
    ),
    "quarantine": Noun(
        N_("Acts that central has put aside."),
        {
            "list": Verb("quarantine:list_", N_("What was put aside, the longest waiting first.")),
            "show": Verb("quarantine:show", N_("One act with what it says.")),
            "retry": Verb(
                "quarantine:retry", N_("Have acts judged again as of now, in their author's name."), changes=True
            ),
            "dismiss": Verb("quarantine:dismiss", N_("Let acts go for good; their author is told why."), changes=True),
        },
        default="list",
    ),
    "sync": Noun(
        N_("The conversation with central."),
        {
            "status": Verb("syncing:status", N_("Whether central answers, and what waits for it.")),
            "now": Verb("syncing:now", N_("Send and fetch everything now; exit code 5 when central refused acts.")),
            "verify": Verb("syncing:verify", N_("Compare this laptop with central, and put right what differs.")),
            "list": Verb("syncing:list_", N_("Your acts that central has not settled.")),
            "retry": Verb("syncing:retry", N_("Ask again for what central refused.")),
            "resolve": Verb("settling:resolve", N_("Settle acts in conflict, and colleagues' proposals."), writes=True),
            "withdraw": Verb("syncing:withdraw", N_("Take back an act, also one that is on its way.")),
            "dismiss": Verb("syncing:dismiss", N_("Let a refused act go.")),
            "export": Verb("settling:export", N_("Write everything unsettled to a file of your own.")),
        },
        default="status",
    ),
    "queue": Noun(
        N_("Queues and views."),
        {"list": Verb("queue:list_", N_("Views and queues with what is in them."))},
        default="list",
    ),
    "ticket": Noun(
        N_("Tickets: find, read, work."),
        {
            "list": Verb("ticket:list_", N_("The tickets of a view or a queue, the nearest due time first.")),
            "find": Verb("ticket:find", N_("Search in tickets, the newest first.")),
            "show": Verb("ticket:show", N_("One ticket with its timeline.")),
            "new": Verb("ticket_new:new", N_("Make a ticket."), writes=True),
            "take": Verb("ticket_acts:take", N_("Hold free tickets."), writes=True),
            "release": Verb("ticket_acts:release", N_("Give tickets back to their queue."), writes=True),
            "assign": Verb("ticket_acts:assign", N_("Give tickets to a person."), writes=True),
            "move": Verb("ticket_acts:move", N_("Move tickets to another queue."), writes=True),
            "set": Verb("ticket_new:set_", N_("Classify tickets: urgency, impact, service, subject, ..."), writes=True),
            "note": Verb("ticket_words:note", N_("Write an internal note; the customer never sees it."), writes=True),
            "reply": Verb("ticket_words:reply", N_("Reply to the customer."), writes=True),
            "call": Verb("ticket_words:call", N_("Log a telephone call."), writes=True),
            "time": Verb("ticket_words:time", N_("Log minutes of work."), writes=True),
            "hold": Verb("ticket_acts:hold", N_("Put tickets on hold."), writes=True),
            "resume": Verb("ticket_acts:resume", N_("Go on with tickets on hold."), writes=True),
            "resolve": Verb("ticket_words:resolve", N_("Resolve a ticket and say how."), writes=True),
            "close": Verb("ticket_acts:close", N_("Close resolved tickets."), writes=True),
            "reopen": Verb("ticket_acts:reopen", N_("Open resolved or closed tickets again."), writes=True),
            "cancel": Verb("ticket_acts:cancel", N_("Cancel tickets."), writes=True),
            "escalate": Verb("escalation:raise_", N_("Escalate tickets to a level above."), writes=True),
        },
    ),
    "escalation": Noun(
        N_("Escalations: look, acknowledge, return."),
        {
            "list": Verb("escalation:list_", N_("Escalations that wait for you or that you took on.")),
            "ack": Verb("escalation:ack", N_("Acknowledge escalations."), writes=True),
            "return": Verb("escalation:return_", N_("Return an escalation with a reason or a solution."), writes=True),
        },
        default="list",
    ),
    "contact": Noun(
        N_("Customers' people."),
        {
            "find": Verb("contact:find", N_("By name, organisation, telephone number or address.")),
            "show": Verb("contact:show", N_("One contact with the newest tickets.")),
            "new": Verb("contact:new", N_("Make a contact."), writes=True),
            "export": Verb("privacy:export", N_("Write all that is kept of a person to two new files."), shows=False),
            "erase": Verb("privacy:erase", N_("Erase all that is kept of a person, here and on every laptop.")),
        },
    ),
    "kb": Noun(
        N_("Knowledge articles."),
        {
            "list": Verb("kb:list_", N_("All articles, by code.")),
            "show": Verb("kb:show", N_("Read an article.")),
            "search": Verb("kb:search", N_("Search in articles, the best first.")),
        },
        default="list",
    ),
    "audit": Noun(
        N_("The audit trail of central: read it, check it, take it along."),
        {
            "list": Verb("audit:list_", N_("The newest records: who did what, and when.")),
            "verify": Verb("audit:verify", N_("Compute the chain here: the first record that does not fit is told.")),
            "export": Verb("audit:export", N_("Write records to a new file."), shows=False),
        },
        default="list",
    ),
    "workflow": Verb("workflow:workflow", N_("Which act brings a ticket from which state to which, and who may.")),
    "completion": Verb("completion:completion", N_("Print the completion script of a shell."), shows=False),
    "doctor": Verb("doctor:doctor", N_("Check this laptop: versions, files, keyring, certificates, clock, disk.")),
    "demo": Noun(
        N_("A small centre on this machine, to try everything out."),
        {
            "open": Verb(
                "demo:open_", N_("The demo as an agent: make what is missing, sign in, open the console."), shows=False
            ),
            "as": Verb("demo:as_", N_("The console of another person, on a laptop of their own."), shows=False),
            "who": Verb("demo:who", N_("Everybody of the demo with role, login and password.")),
            "code": Verb("demo:code", N_("The one-time code of a person, in place of a telephone.")),
            "env": Verb("demo:env", N_('What makes a shell a person\'s: eval "$(msc demo env LOGIN)"')),
            "central": Verb("demo:central", N_("Look at the demo's central, cut it off or bring it back.")),
            "reset": Verb("demo:reset", N_("Throw the demo away; the next msc demo makes a new one."), shows=False),
        },
        default="open",
    ),
    "central": Other("central:app", N_("Run a central: set up, serve, people, imports.")),
}


def verbs(table: Mapping[str, Item] = TABLE) -> Iterator[tuple[tuple[str, ...], Verb]]:
    """Every verb with its words: (`ticket`, `take`)."""
    for name, item in table.items():
        if isinstance(item, Verb):
            yield (name,), item
        elif isinstance(item, Noun):
            yield from (((name, verb), found) for verb, found in item.verbs.items())
