"""`msc central`: set a centre up, change it, serve it, fill it. For whoever runs the server, not for agents.

Every command names the database with `--database` or `MSC_CENTRAL_DATABASE`. Passwords come from a file, from standard
input or, on a terminal, from a prompt; never from the command line, where every user of the machine could read them.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import UsageError
from ..i18n import _
from . import central_doctor, central_incident, central_retention
from .central_audit import app as audit
from .central_ca import app as ca
from .central_device import app as device
from .central_people import app as people
from .central_recovery import app as recovery_key
from .central_talk import AsJson, Database, dump, member, told

app = typer.Typer(help=_("Run a central: set up, serve, people, imports."), no_args_is_help=True)
imports = typer.Typer(help=_("Tickets of other tools."), no_args_is_help=True)
app.add_typer(people, name="user")
app.add_typer(imports, name="import")
app.add_typer(ca, name="ca")
app.add_typer(device, name="device")
app.add_typer(audit, name="audit")
app.add_typer(recovery_key, name="recovery-key")
app.command(help=central_doctor.HELP)(central_doctor.doctor)
app.command(help=central_retention.HELP)(central_retention.retention)
app.command(help=central_incident.HELP)(central_incident.incident)

Config = Annotated[
    Path | None, typer.Option("--config", "-c", help=_("The centre's set-up, centre.toml; without it a bare centre"))
]


def _show(changes: list[Any], as_json: bool) -> None:
    rows = [
        {
            "entity": change.entity,
            "key": change.key,
            "act": change.act,
            "fields": {name: {"old": old, "new": new} for name, (old, new) in change.fields.items()},
        }
        for change in changes
    ]
    if as_json:
        dump(rows)
        return
    for row in rows:
        typer.echo(f"{row['act']:<7} {row['entity']:<8} {row['key']}  {', '.join(row['fields'])}".rstrip())
    typer.echo(f"{len(rows)}")


@app.command(help=_("Set a new central up from its centre.toml; makes the schema and the master key (mode 0600)."))
def init(database: Database, config: Config = None, as_json: AsJson = False) -> None:
    """Set a new central up from its centre.toml; makes the schema and the master key (mode 0600)."""
    with told():
        from .. import clock
        from ..central import centre, setup

        _show(setup.init(database, centre.load(config or centre.BARE), clock.now()), as_json)


@app.command(help=_("Turn the differences between centre.toml and central into audited changes."))
def apply(
    database: Database,
    config: Annotated[Path, typer.Argument(help=_("The changed centre.toml"))],
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Say what would change, change nothing"))] = False,
    as_json: AsJson = False,
) -> None:
    """Turn the differences between centre.toml and central into audited changes."""
    with told():
        from .. import clock
        from ..central import centre, setup

        _show(setup.apply(database, centre.load(config), clock.now(), dry_run), as_json)


@app.command(help=_("Serve the API until stopped. Prints one JSON line with the address when it answers."))
def serve(
    database: Database,
    host: Annotated[str, typer.Option(help=_("Address to answer at"))] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help=_("0 takes a free one"))] = 8750,
    tls_certificate: Annotated[Path | None, typer.Option(help=_("PEM file; needed beyond this machine"))] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM")] = None,
    behind_proxy: Annotated[
        list[str] | None,
        typer.Option(help=_("Address or range of a proxy that has the TLS; may be given several times")),
    ] = None,
    describe: Annotated[bool, typer.Option("--describe", help=_("Also serve the API's description (OpenAPI)"))] = False,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help=_("Processes that share the work; more than one needs PostgreSQL"))
    ] = 1,
    checkpoints: Annotated[
        Path | None, typer.Option(help=_("File for the audit trail's checkpoints; beside the master key by default"))
    ] = None,
    checkpoint_command: Annotated[
        str | None, typer.Option(help=_("Command that is given each checkpoint on its standard input"))
    ] = None,
    checkpoint_url: Annotated[str | None, typer.Option(help=_("https address that each checkpoint is sent to"))] = None,
    checkpoint_ca: Annotated[Path | None, typer.Option(help=_("CA file of that address"))] = None,
) -> None:
    """Serve the API until stopped. Prints one JSON line with the address when it answers."""
    with told():
        import shlex

        from ..central.checkpoints import Anchors
        from ..central.gate import networks
        from ..central.serve import Listen
        from ..central.serve import serve as run

        listen = Listen(
            host=host,
            port=port,
            certificate=tls_certificate,
            key=tls_key,
            proxies=networks(behind_proxy or ()),
            describe=describe,
        )
        command = tuple(shlex.split(checkpoint_command or ""))
        run(database, listen, workers, Anchors(checkpoints, command, checkpoint_url, checkpoint_ca))


@app.command(
    help=_("Fill a new central, set up from the demo's centre.toml, with the demo. Prints everybody's way in, once.")
)
def seed(
    database: Database,
    number: Annotated[int, typer.Option("--seed", help=_("The same number gives the same story"))] = 1,
) -> None:
    """Fill a new central, set up from the demo's centre.toml, with the demo. Prints everybody's way in, once."""
    with told():
        from .. import clock
        from ..central import seed as seeding

        report = seeding.seed(database, clock.now(), number)
        dump(
            {
                "acts": report.acts,
                "refused": report.refused,
                "people": [
                    {
                        "login": way.login,
                        "password": way.password,
                        "secret": way.enrolment.secret,
                        "uri": way.enrolment.uri,
                    }
                    for way in report.people
                ],
            }
        )


@app.command(help=_("Switch a way out to customers on or off."))
def channel(
    database: Database,
    name: Annotated[str, typer.Argument(help="email, whatsapp, social")],
    maildir: Annotated[
        Path | None, typer.Option(help=_("Replies go into this Maildir, for a mail server to send"))
    ] = None,
    off: Annotated[bool, typer.Option("--off", help=_("Switch the channel off; replies wait"))] = False,
) -> None:
    """Switch a way out to customers on or off."""
    with told():
        from .. import clock
        from ..central import delivery
        from ..central.db import Central
        from ..domain.terms import Channel

        known = member(Channel, name, "channel")
        if off == (maildir is not None):
            raise UsageError("channel_maildir_or_off")
        central = Central.open(database)
        try:
            if maildir is not None:
                delivery.switch_on(central, known, maildir.resolve(), clock.now())
            else:
                delivery.switch_off(central, known, clock.now())
        finally:
            central.close()


@app.command(help=_("Write all of central into one file, while it serves. The master key is not in it: keep it apart."))
def backup(
    database: Database,
    file: Annotated[Path, typer.Argument(help=_("A new file; it holds customers' words, so mind where it lies"))],
    as_json: AsJson = False,
) -> None:
    """Write all of central into one file, while it serves. The master key is not in it: keep it apart."""
    with told():
        from .. import clock
        from ..central import backup as backing

        _kept(file, backing.backup(database, file, clock.now()), as_json)


def _kept(file: Path, found: Any, as_json: bool) -> None:
    rows = sum(found.rows.values())
    if as_json:
        dump({"file": str(file), "schema": found.schema, "seq": found.seq, "rows": rows, "key": found.key is not None})
    else:
        typer.echo(f"{file}  {rows}")


@app.command(help=_("Make a database the central that a backup holds. Stop serving first."))
def restore(
    file: Annotated[Path, typer.Argument(help=_("A file of msc central backup"))],
    to: Annotated[str, typer.Option("--to", help="sqlite:///path, postgresql+psycopg://user@host/name")],
    replace: Annotated[bool, typer.Option("--replace", help=_("Throw away the central that is there"))] = False,
    as_json: AsJson = False,
) -> None:
    """Make a database the central that a backup holds. Stop serving first."""
    with told():
        from .. import clock
        from ..central import restore as restoring

        done = restoring.restore(file, to, clock.now(), replace=replace)
        if as_json:
            dump({
                "made_at": done.summary.made_at, "generation": done.generation, "schema": done.schema,
                "rows": sum(done.summary.rows.values()), "key_fits": done.key_fits,
            })  # fmt: skip
        else:
            typer.echo(f"{done.summary.name}  {done.summary.made_at}  {done.generation}")
            if done.key_fits is False:
                typer.echo(
                    _("The master key at hand is not the one of this backup: nobody's codes will be right."), err=True
                )


@app.command(help=_("Back up, then bring the schema up to this version of the program."))
def upgrade(
    database: Database,
    backup_to: Annotated[Path, typer.Option("--backup", help=_("Where the backup of before goes; a new file"))],
    as_json: AsJson = False,
) -> None:
    """Back up, then bring the schema up to this version of the program."""
    with told():
        from .. import clock
        from ..central import upgrade as upgrading

        done = upgrading.upgrade(database, backup_to, clock.now())
        if as_json:
            dump({"before": done.before, "after": done.after, "backup": str(backup_to) if done.backup else None})
        else:
            typer.echo(f"{done.before} -> {done.after}")


@app.command(
    help=_("Remove what nobody needs any more from the change feed, now. A serving central does it by itself.")
)
def compact(database: Database, as_json: AsJson = False) -> None:
    """Remove what nobody needs any more from the change feed, now. A serving central does it by itself."""
    with told():
        from .. import clock
        from ..central import compact as compacting
        from ..central.db import Central

        central = Central.open(database)
        try:
            central.migrate()
            removed = compacting.run(central, clock.now())
        finally:
            central.close()
        if as_json:
            dump(
                {
                    "superseded": removed.superseded,
                    "parted": removed.parted,
                    "told": removed.told,
                    "changes": removed.changes,
                }
            )
        else:
            typer.echo(f"{removed.superseded + removed.parted + removed.told}")


@app.command(help=_("Erase what acts said, here and on every laptop. Their signatures still verify."))
def erase(
    database: Database,
    acts: Annotated[list[str], typer.Argument(metavar="OP...", help=_("Whole ids of acts"))],
    as_json: AsJson = False,
) -> None:
    """Erase what acts said, here and on every laptop. Their signatures still verify."""
    with told():
        from .. import clock
        from ..central import erasure
        from ..central.db import Central
        from ..central.system import SYSTEM

        central = Central.open(database)
        try:
            central.migrate()
            done = erasure.erase(central, acts, SYSTEM.id, clock.now())
        finally:
            central.close()
        if as_json:
            dump({"ops": done.ops, "conflicts": done.conflicts, "entries": done.entries})
        else:
            typer.echo(f"{done.ops}")


@imports.command(
    name="servicenow-log", help=_("Import a ServiceNow incident event log. Running it again changes nothing.")
)
def servicenow_log(
    database: Database,
    file: Annotated[Path, typer.Argument(help=_("Incident event log, .csv or .csv.gz"))],
    zone: Annotated[str, typer.Option(help=_("Time zone of the log's times"))] = "UTC",
    queue: Annotated[str, typer.Option(help=_("Key of the queue that imported tickets lie in"))] = "triage",
    as_json: AsJson = False,
) -> None:
    """Import a ServiceNow incident event log. Running it again changes nothing."""
    with told():
        from ..central.imports import command

        done = command.run(file, database, zone, as_json, sys.stderr, queue)
        typer.echo(done.text)
    raise typer.Exit(int(done.exit))
