"""The sentence of every stable key: errors, refusals, troubles of the sync. Screens and CLI say the same words.

A sentence tells what happened, what is safe and what to do next. A key that has none yet is still named to the person.
"""

from collections.abc import Mapping
from typing import Any

from .clock import parse
from .i18n import N_, _, when
from .messages_accounts import OF_ACCOUNTS
from .messages_keys import OF_KEYS
from .messages_office import OF_OFFICE
from .text import clean

SENTENCES: dict[str, str] = {
    **OF_ACCOUNTS,
    **OF_KEYS,
    **OF_OFFICE,
    # the laptop's settings and words
    "bad_login": N_("«{login}» can't be a login: small letters, digits, dot, dash and underscore."),
    "config_unreadable": N_("{where} can't be read: {detail}."),
    "config_syntax": N_("{where} is not valid TOML: {detail}"),
    "config_unknown": N_("{where}: there is no setting «{name}». Known: {known}."),
    "config_value": N_("{where}: «{value}» is no value for {name}."),
    "copy_too_long": N_("Too long to copy: {bytes} bytes, at most {most}."),
    # signing in
    "signed_out": N_("Signed out. Sign in with: msc login. Unsent work is safe on this laptop."),
    "wrong_password": N_("The password is wrong."),
    "credentials_wrong": N_("Login, password or code is wrong."),
    "too_many_tries": N_("Too many tries. Try again in {retry_after} s."),
    "token_missing": N_("Sign in first: msc login."),
    "token_unknown": N_("Central does not know this session. Sign in again: msc login."),
    "token_expired": N_("The session has run out. Sign in again: msc login."),
    "session_ended": N_("The session has ended. Sign in again: msc login."),
    "session_superseded": N_(
        "You have signed in on another device, so this session has ended. Unsent work is safe here."
    ),
    "session_active": N_("You are signed in on another device. Take the session over to go on here."),
    "proof_wrong": N_("Central does not accept this laptop's proof. Sign in again: msc login."),
    "refresh_reused": N_(
        "The session was used elsewhere and has been ended. Sign in again, and tell technical support."
    ),
    "session_running": N_("You are already signed in on this laptop."),
    "session_failed": N_("The session could not be started ({reason}). Unsent work is safe; sign in again: msc login."),
    "password_too_short": N_("A password has at least {least} characters."),
    "password_too_long": N_("A password has at most {most} bytes."),
    # the conversation with central
    "unreachable": N_("Central can't be reached. What you do is kept on this laptop and leaves as soon as it can."),
    "timeout": N_("Central took too long to answer. It is tried again."),
    "tls_untrusted": N_(
        "Central's certificate is not of the centre's own CA, so nothing was sent. Your work is kept here. Tell "
        "technical support: somebody may be listening, or the CA was changed."
    ),
    "tls_expired": N_(
        "Central's certificate has run out, or the clock here is wrong, so nothing was sent. Your work is kept here. "
        "Look at the clock, then tell technical support."
    ),
    "tls_wrong_name": N_(
        "Who answers has a certificate of the centre, but for another name, so nothing was sent. Your work is kept "
        "here. Look at the address of central, then tell technical support."
    ),
    "tls_plain": N_(
        "What answers at central's address does not encrypt, so nothing was sent. Your work is kept here. Look at the "
        "address and port of central."
    ),
    "ca_unusable": N_(
        "The centre's CA file is missing or can't be read, so central is not trusted and nothing was sent. Your work "
        "is kept here. Put the centre's ca.pem where msc doctor says."
    ),
    "not_ours": N_(
        "Something answered that is not our central: perhaps a network's sign-in page. Nothing was sent to it."
    ),
    "reply_cut": N_("Central's answer was cut off. It is asked for again."),
    "central_failed": N_("Central had an error. Your work is safe and is tried again."),
    "central_busy": N_("Central is busy. It is tried again soon."),
    "too_old": N_("This program is too old for central. Unsent work stays here and leaves after the update."),
    "too_new": N_("This program is too new for central. Unsent work stays here."),
    "protocol_too_old": N_("This program is too old for central. Unsent work stays here and leaves after the update."),
    "protocol_too_new": N_("This program is too new for central. Unsent work stays here."),
    "verify_not_now": N_("Nothing was compared: central has news all the time, or can't compare. Try again later."),
    "no_progress": N_("The conversation with central is getting nowhere. It rests for a while and is tried again."),
    "chain_gap": N_("Central misses acts of this laptop that are no longer here. Tell technical support."),
    "chain_forked": N_("Two copies of this laptop's data have been used. Tell technical support; nothing was deleted."),
    "op_refused": N_("Central can't read one of the acts. It is kept here to look at."),
    "cursor_unknown": N_("Central has been set up anew; everything is fetched again. Unsent work is untouched."),
    "cursor_expired": N_("This laptop was away for too long; everything is fetched again. Unsent work is untouched."),
    "snapshot_gone": N_("The first fetch was interrupted by central; it begins again. Unsent work is untouched."),
    "generation_changed": N_("Central has been set up anew; everything is fetched again. Unsent work is untouched."),
    "device_unknown": N_("Central does not know this device. Sign in again: msc login."),
    "central_unset": N_("No central is set. Name it in MSC_CENTRAL or in laptop/config.toml."),
    "central_url": N_("«{url}» is no address of a central: https://..."),
    "invalid_request": N_("Central could not read the request."),
    "method_not_allowed": N_("Central does not offer that."),
    "too_large": N_("That is too large for central."),
    "too_fast": N_("This laptop asks central too often. It is tried again soon."),
    "spool_unreadable": N_("Central can't read what another person left here at their sign-out."),
    "unsupported_encoding": N_("Central can't unpack what was sent."),
    "internal": N_("Central had an error. Reference: {reference}."),
    "unavailable": N_("Central can't answer now. It is tried again."),
    "forbidden": N_("You have no right to that."),
    "not_found": N_("That is not there, or not in your scope."),
    # the cache on this laptop
    "disk_full": N_("The disk is full. What is stored is safe; free some space and go on."),
    "cache_failed": N_("The cache can't be used. Unsent work stays in its file and nothing was deleted."),
    "cache_busy": N_("Another program is writing to the cache. Nothing was changed; try again."),
    "cache_missing": N_("There is no cache at {path}. Sign in to make one: msc login."),
    "cache_key": N_("{path} does not open with this key. Nothing was changed."),
    "cache_plaintext": N_("{path} is not encrypted, so it is not used. Nothing was changed; tell technical support."),
    "cache_damaged": N_(
        "The cache is damaged. Unsent work stays in its file and nothing was deleted; tell technical support."
    ),
    "cache_driver": N_("The database driver here can't encrypt, so nothing was written. Tell technical support."),
    "cache_newer": N_("The cache was written by a newer version ({have}) than this one ({known}). Update the program."),
    "cache_read_only": N_("The cache is open for reading only."),
    "op_unknown": N_("There is no such act here."),
    "op_sealed": N_("That act may have left already. Undo it with its opposite."),
    "op_has_dependents": N_("Other acts stand on that one. Take those back first."),
    "op_applied": N_("Central has applied that act already. Undo it with its opposite."),
    "op_answered": N_("Central has answered that act meanwhile. Look at it again and decide."),
    "body_erased": N_("What that act said was erased at central before it was applied."),
    "withdrawn": N_("You took that act back before central applied it."),
    "conflict_unknown": N_("There is no such conflict here."),
    "conflict_closed": N_("{by} has settled that conflict already. Nothing was changed."),
    "not_your_act": N_("Only {author_name} can take that act back."),
    "not_your_conflict": N_("Only {author_name} or whoever holds the ticket can settle that. Take the ticket first."),
    "op_not_refused": N_("That act is not waiting for you."),
    "no_conflict": N_("That act is in no conflict. Try it again, make it a note, or let it go."),
    "is_a_proposal": N_("That is a proposal of {author_name}: adopt it, decline it, or make it a note."),
    "not_proposed": N_("That is your own act; only a colleague's proposal is adopted or declined."),
    "offered_already": N_("That act is offered already. Nothing was changed."),
    "offer_not_fenced": N_("Only an act on a ticket that somebody else holds can be offered to them. It is kept here."),
    "offer_no_holder": N_("Nobody else holds the ticket: there is nobody to offer it to. It is kept here."),
    # setting central up
    "centre_file_wrong": N_("{file}: {table} {name}: {why}"),
    "key_file_needed": N_("Central's key file is needed: name it in {variable}."),
    "key_file_missing": N_("Central's key file {path} is not there."),
    "key_file_readable_by_others": N_("Central's key file {path} can be read by others. Make it its owner's alone."),
    "key_file_damaged": N_("Central's key file {path} is damaged."),
    "database_url_unknown": N_(
        "«{url}» is no address of a database: sqlite:///file or postgresql+psycopg://host/name."
    ),
    "database_newer": N_("The database is of a newer version ({found}) than this program ({known})."),
    "backup_exists": N_("{path} is there already. A backup never writes over a file."),
    "backup_missing": N_("{path} can't be read. Nothing was changed."),
    "backup_unknown": N_("{path} is no backup of a central. Nothing was changed."),
    "backup_newer": N_(
        "The backup is of a newer format ({found}) than this program knows ({known}). Nothing was changed."
    ),
    "backup_damaged": N_("{path} is damaged: a checksum does not hold, or its end is missing. Nothing was changed."),
    "restore_not_empty": N_("There is a central in {url}. To throw it away: --replace. Nothing was changed."),
    "restore_not_ours": N_("{url} holds tables of something else. Nothing was changed."),
    "import_file_unreadable": N_("{path} can't be read: {detail}. Nothing was changed."),
    "import_not_a_log": N_("That is no incident log: it lacks {missing}. Nothing was changed."),
    "zone_unknown": N_("There is no time zone «{zone}»: use an IANA name such as Asia/Jakarta."),
    "refused": N_("Central refused that. Nothing is lost; try again or ask technical support."),
    "database_busy": N_("The database is busy. Nothing was changed; try again."),
    "central_not_set_up": N_("Central is not set up here: msc central init."),
    "central_set_up_already": N_("Central is set up here already: msc central apply changes it."),
    "central_not_empty": N_("Central already holds tickets. Nothing was changed."),
    "checkpoint_folder": N_("Checkpoints can't be kept in {path}: there is no such folder."),
    "verifier_key_wrong": N_("That is no key for checkpoints. msc central audit key prints it."),
    "outgoing_url": N_("{url} can't be written to: it must be https, with the CA file of that host."),
    "outgoing_failed": N_("{url} did not take it: {why}."),
    "central_not_started": N_("Central could not start on {host}:{port}."),
    "password_costs_differ": N_("Central was set up with password costs «{site}», this process has «{process}»."),
    "tls_files_both": N_("TLS needs both files, certificate and key."),
    "tls_file_missing": N_("The TLS file {path} is not there."),
    "tls_files_damaged": N_(
        "{certificate} and {key_file} are no certificate and its key, or the key has a passphrase."
    ),
    "tls_name_wrong": N_("«{name}» is neither a host name nor an IP address."),
    "tls_needed": N_(
        "On {host} central listens only with TLS: give certificate and key, or name the proxy that has them."
    ),
    "proxy_wrong": N_("«{name}» is no address of a proxy: 10.0.0.7 or 10.0.0.0/24."),
    "database_unset": N_("No database is named: --database, MSC_CENTRAL_DATABASE, or a file in {variable}."),
    "database_password_typed": N_(
        "A password on the command line can be read by others on this machine, so nothing was done. Put the address "
        "into a file of mode 0600 and name it in {variable}."
    ),
    "ca_missing": N_("There is no CA in {path}. Make one: msc central ca init."),
    "workers_need_postgresql": N_(
        "Central can't be served by {workers} processes on SQLite, which has one writer at a time. Use PostgreSQL."
    ),
    "workers_not_on_windows": N_("On Windows central is served by one process, not by {workers}."),
    "queue_not_empty": N_("Queue «{queue}» still has open tickets. Move them first."),
    "policy_version_not_raised": N_("The policy has changed, so its version must be above {held}."),
    "user_exists": N_("«{login}» exists already."),
    "user_needs_name_and_role": N_("«{login}» is new: give a name and a role."),
    "person_unknown": N_("There is no person «{login}»."),
    "channel_maildir_or_off": N_("Give a Maildir folder or switch the channel off, one of the two."),
    "option_unknown_value": N_("{option}: «{value}» is not one of {known}."),
    "password_file_missing": N_("The password file {path} is not there."),
    # msc doctor
    "parts_differ": N_("Other parts than those this version was tested with. Install it as its lock says."),
    "files_open": N_("{path} can be read by others on this machine. Make it its owner's alone."),
    "disk_low": N_("The disk is getting full. What is stored is safe; free some space."),
    "certificate_ends": N_("The certificate {path} ends soon or has ended. Ask technical support for a new one."),
    "clock_far": N_("The clock here is not central's: one-time codes fail and times look wrong. Set it right."),
    "database_away": N_("The database does not answer, or is not a central's."),
    "schema_differs": N_("The database has schema {found}, this program {known}: msc central upgrade."),
    # what central's ledger answers
    "op_id_reused": N_("The number of this act was already used by another."),
    "bad_signature": N_("The signature of this act is wrong."),
    "out_of_scope": N_("That ticket is not in your scope."),
    "op_unsupported": N_("This version can't do that yet ({kind})."),
    # the demo
    "demo_damaged": N_("The demo's record {path} is damaged. Throw the demo away: msc demo reset."),
    "demo_central_failed": N_("The demo's central did not start; its log is {log}. {detail}"),
    "demo_central_stays": N_("The demo's central (process {pid}) does not end. Try again, or end it by hand."),
    "demo_open": N_("A console of the demo is still open. Close it first."),
    "demo_busy": N_("Another process is making the demo. Try again in a moment."),
    "demo_cut": N_(
        "The demo's central is stopped, and you have not been on this laptop before: msc demo central start."
    ),
    # rights
    "actor_inactive": N_("This account is no longer active."),
    "no_right": N_("{role} may not do that."),
    "rights_gone": N_("You could do that when you did it, and no longer may. It was not done, and is kept at central."),
    "no_override": N_("You may not set the priority by hand."),
    "not_your_tier": N_("That escalation was asked of another level."),
    "proxy_missing": N_("This level has no account here: say who acknowledged, and how."),
    # who holds the ticket
    "held": N_("{owner_name} has held this ticket since {since}. You can add a note; a supervisor can assign it."),
    "held_meanwhile": N_("{owner_name} has held this ticket since {since}, so this was not done."),
    "held_now": N_("{owner_name} holds this ticket. You can add a note; a supervisor can assign it."),
    "held_now_meanwhile": N_("{owner_name} holds this ticket, so this was not done."),
    "changed_hands": N_("The ticket has changed hands since you looked. Your words are kept; look again and decide."),
    "conflict": N_("Others have changed the same since you looked: {fields}. Both values are kept; choose one."),
    "already_yours": N_("You hold this ticket already."),
    "already_theirs": N_("{owner_name} holds this ticket already."),
    "not_held": N_("Nobody holds this ticket."),
    "not_workable": N_("A ticket that is «{state}» can't be worked on."),
    "assignee_unknown": N_("There is no such person to assign to."),
    # the ticket
    "ticket_unknown": N_("There is no such ticket here."),
    "ticket_exists": N_("That ticket exists already."),
    "transition": N_("That can't be done to a ticket that is «{state}»."),
    "queue_missing": N_("Say which queue."),
    "queue_unknown": N_("There is no queue «{queue}»."),
    "view_unknown": N_("There is no view «{view}»."),
    "article_unknown": N_("There is no article «{ref}»."),
    "already_there": N_("The ticket is in that queue already."),
    "nothing_to_set": N_("There is nothing to change."),
    "field_unknown": N_("There is no such field: {fields}."),
    "value_unknown": N_("«{value}» is no value for {field}."),
    "reason_missing": N_("Say why."),
    "solution_missing": N_("Say how it was solved."),
    "subject_missing": N_("Give the ticket a subject."),
    "body_missing": N_("There is no text."),
    "name_missing": N_("Give a name."),
    "too_long": N_("Too long: at most {limit} characters."),
    "hold_state": N_("A ticket can't be held as «{state}»."),
    "hold_party": N_("«{state}» can't wait for «{party}»."),
    "reopen_window": N_("Only within {days} days can a ticket be reopened. Make a new one and link it."),
    "ticket_ambiguous": N_("Several tickets fit «{ref}»: {hits}."),
    # contacts and what is written to them
    "contact_missing": N_("The ticket has no contact."),
    "contact_unknown": N_("There is no such contact here."),
    "contact_exists": N_("That contact exists already."),
    "organisation_unknown": N_("There is no such organisation here."),
    "no_written_address": N_("{contact_name} has no address to write to. Log a call instead."),
    "address_unusable": N_("The address can't be written to. Correct it, or log a call."),
    "address": N_("An address is missing, too long, or one too many (at most {limit})."),
    "call_direction": N_("Say whether the call came in or went out."),
    "minutes": N_("Minutes are a whole number from 0 to {limit}."),
    "entry_unknown": N_("There is no such entry on this ticket."),
    # escalation
    "tier_unknown": N_("There is no level «{tier}»."),
    "tier_not_higher": N_("Escalate to a level above {source}."),
    "already_acknowledged": N_("{by} has acknowledged it already."),
    "hop_unknown": N_("There is no such escalation on this ticket."),
    "hop_returned": N_("That escalation has been returned already."),
    "hop_ambiguous": N_("Several escalations are open: say which."),
    "not_escalated": N_("The ticket is not escalated."),
    # on the screens
    "nothing_chosen": N_("There is nothing under the cursor."),
    "no_open_ticket": N_("No ticket is open."),
    "nothing_held": N_("There is no reply to take back."),
    "failed_here": N_("That went wrong on this laptop. Your work is kept here and is tried again."),
    "internal_here": N_("That went wrong here. What was kept is safe. Reference: {reference}."),
    "op_refused_withdraw": N_("Central has refused that act. Try it again or let it go."),
    # the command line
    "op_ambiguous": N_("Several acts fit «{ref}»: {hits}."),
    "contact_ambiguous": N_("Several contacts fit «{ref}»: {hits}. Give the id: msc contact find."),
    "view_or_queue": N_("Give a view or a queue, not both."),
    "text_missing": N_("Give the text: as an argument, with --file, or - for standard input."),
    "text_twice": N_("Give the text once: as an argument or with --file."),
    "attachment_empty": N_("{name} is empty, so it was not attached."),
    "attachment_too_large": N_("{name} is too large to attach: at most {most} bytes."),
    "attachment_kind": N_("{name}: files of this kind can't be attached. Allowed: {known}."),
    "attachment_differs": N_("{name} is not what its name says, or is damaged, so it was not attached."),
    "attachment_picture": N_("{name} is too large a picture: {width} by {height} pixels."),
    "attachment_archive": N_("{name} can't be attached: the archive is unsafe or can't be read ({why})."),
    "xlsx_needs_file": N_("A workbook is no text for a terminal. Name a file: --save FILE"),
    "file_exists": N_("{path} is there already. Nothing was written: name another file."),
    "file_unwritable": N_("{path} can't be written: {detail}. Your work is kept on this laptop as before."),
    "file_unreadable": N_("{path} can't be read: {detail}."),
    "login_needs_terminal": N_("Signing in needs a terminal, or --stdin with password and code as two lines."),
    "login_missing": N_("Say who signs in: --user."),
    "line_missing": N_("Standard input ended too early: password and code are two lines."),
    "time_unreadable": N_("«{value}» is no time: write it like 2026-11-24T09:12:00+07:00."),
}

_TERMS = {
    "waiting_customer": N_("waiting for customer"),
    "waiting_vendor": N_("waiting for vendor"),
    "waiting_level": N_("waiting for level"),
    "agent": N_("Agent"),
    "agent_b2b": N_("B2B agent"),
    "eos": N_("Engineer on site"),
    "qa": N_("Quality assurance"),
    "wfm": N_("Workforce"),
    "duktek": N_("Technical support"),
    "manager": N_("Duty manager"),
    "supervisor": N_("Supervisor"),
    "resolver": N_("Resolver"),
    "business_unit": N_("business unit"),
    "schedule": N_("the schedule"),
    "l0": "L0",
    "l1": "L1",
    "l2": "L2",
}
_TERM_PLACES = frozenset({"state", "party", "role", "tier", "source", "field"})
_UNTIMED = {"held": "held_now", "held_meanwhile": "held_now_meanwhile"}
"""What is said instead where it is not known since when."""
_TIME_PLACES = frozenset({"since", "until", "at"})
ZONE = "Asia/Jakarta"


class _Places(dict[str, str]):
    """A place that the data does not fill shows as a dash: a sentence with a hole beats a crash."""

    def __missing__(self, name: str) -> str:
        return "—"


def _shown(place: str, value: Any, zone: str) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(place, item, zone) for item in value)
    text = clean(str(value), line=True, cap=200)
    if place in _TIME_PLACES:
        try:
            return when(parse(text), zone)
        except ValueError:
            return text
    return _(_TERMS.get(text, text)) if place in _TERM_PLACES else text


def sentence(key: str, data: Mapping[str, Any] | None = None, zone: str = ZONE) -> str:
    """The sentence of `key` in the person's language, its places filled from `data`; one line, safe to paint.

    Moments in `data` are the wire's text and are shown on the clocks of `zone`.
    """
    found = SENTENCES.get(key if (data or {}).get("since") else _UNTIMED.get(key, key))
    if found is None:
        return _("That did not work ({key}).").format(key=clean(key, line=True, cap=80))
    filled = {place: _shown(place, value, zone) for place, value in (data or {}).items() if value not in (None, "")}
    return _(found).format_map(_Places(filled))


def refusal(key: str, data: Mapping[str, Any] | None = None, zone: str = ZONE) -> str:
    """`sentence` for an act that was made and then refused: what stood in its way by then, no advice for a next try."""
    return sentence("held_meanwhile" if key == "held" else key, data, zone)
