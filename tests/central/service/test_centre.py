"""`centre.toml`: what it says is read, and what is wrong with it is said by file, table and key."""

from datetime import timedelta
from importlib.resources import files

import pytest

from msc_console.central.centre import KEPT, CentreError, load, parse
from msc_console.domain.terms import Party, Priority, Role, State, Tier
from msc_console.errors import UsageError

SMALL = """
[site]
name = "Pusat"
zone = "Asia/Jakarta"

[[queue]]
key = "triage"
name = "Triase"

[[service]]
key = "pos"
name = "POS"
components = [{ key = "site", name = "Situs" }]

[[route]]
channel = "email"
service = "pos"
queue = "triage"

[[person]]
login = "rina"
name = "Rina"
role = "agent"
queues = ["triage"]
skills = { pos = 3 }

[[duty]]
tier = "l1"
persons = ["rina"]
begins = "07:00"
ends = "19:00"

[policy]
resolution_hours = { critical = 4 }
judged = "provider"
"""


def test_reads_a_set_up() -> None:
    centre = parse(SMALL)
    assert (centre.name, centre.zone) == ("Pusat", "Asia/Jakarta")
    assert centre.services[0].components == (("site", "Situs"),)
    person = centre.persons[0]
    assert (person.role, person.tier, person.queues, dict(person.skills)) == (
        Role.AGENT,
        Tier.L0,
        ("triage",),
        {"pos": 3},
    )
    assert centre.duty[0].tier is Tier.L1
    assert centre.policy.resolution[Priority.CRITICAL] == timedelta(hours=4)
    assert centre.policy.resolution[Priority.LOW] == timedelta(hours=48)
    assert centre.policy.judged is Party.PROVIDER


def test_customer_waits_can_be_told_not_to_pause() -> None:
    plain, strict = parse(SMALL).policy, parse(SMALL + "customer_waits_pause = false\n").policy
    assert State.WAITING_CUSTOMER in plain.pauses[Party.CUSTOMER]
    assert State.WAITING_CUSTOMER not in strict.pauses[Party.CUSTOMER]
    assert State.WAITING_VENDOR in strict.pauses[Party.PROVIDER]


def test_reads_the_demo() -> None:
    text = files("msc_console.demo").joinpath("centre.toml").read_text(encoding="utf-8")
    centre = parse(text)
    assert {queue.key for queue in centre.queues} >= {"helpdesk", "priority", "monitoring", "triage"}
    assert {person.role for person in centre.persons} >= {Role.AGENT, Role.SUPERVISOR, Role.RESOLVER}


@pytest.mark.parametrize(
    ("old", "new", "table", "key", "why"),
    [
        ('zone = "Asia/Jakarta"', 'zone = "Asia/Atlantis"', "site", "zone", "no IANA time zone"),
        ('zone = "Asia/Jakarta"', "", "site", "zone", "is missing"),
        ('name = "Pusat"', "name = 3", "site", "name", "must be a text"),
        ('name = "Pusat"', 'name = "Pusat"\ncolour = "red"', "site", "colour", "is not known here"),
        ('key = "triage"', 'key = "other"', "queue", "key", "there must be a queue 'triage'"),
        ('name = "Triase"', 'name = "Triase"\nkind = "vip"', "queue[1]", "kind", "must be one of regular"),
        ('key = "pos"\n', 'key = "P O S"\n', "service[1]", "key", "lower-case letters"),
        ('{ key = "site", name = "Situs" }', '{ key = "site" }', "service[1].components[1]", "name", "is missing"),
        ('channel = "email"', 'channel = "fax"', "route[1]", "channel", "must be one of phone"),
        ('service = "pos"\nqueue', 'service = "scm"\nqueue', "route[1]", "service", "there is no service 'scm'"),
        ('role = "agent"', 'role = "boss"', "person[1]", "role", "must be one of agent"),
        ('role = "agent"', 'role = "system"', "person[1]", "role", "never a person"),
        ('queues = ["triage"]', 'queues = ["vip"]', "person[1]", "queues", "there is no queue 'vip'"),
        ("skills = { pos = 3 }", "skills = { pos = true }", "person[1].skills", "pos", "must be a whole number"),
        ('persons = ["rina"]', 'persons = ["ana"]', "duty[1]", "persons", "there is no person 'ana'"),
        ('begins = "07:00"', 'begins = "7 AM"', "duty[1]", "begins", "must be an hour like 07:30"),
        ('tier = "l1"\n', "", "duty[1]", "tier", "must be given"),
        ("critical = 4", "critical = 0", "policy.resolution_hours", "critical", "from 1 to"),
        ("critical = 4", "urgent = 4", "policy.resolution_hours", "urgent", "is not known here"),
        ("[site]", "[sight]", "", "sight", "is not known here"),
    ],
)
def test_an_error_names_its_place(old: str, new: str, table: str, key: str, why: str) -> None:
    assert old in SMALL
    with pytest.raises(CentreError) as caught:
        parse(SMALL.replace(old, new, 1), "centre.toml")
    error = caught.value
    assert (error.file, error.table, error.name) == ("centre.toml", table, key)
    assert why in error.why
    assert str(error).startswith("centre.toml: ")


def test_two_persons_cant_share_a_login() -> None:
    again = SMALL.replace("[[duty]]", '[[person]]\nlogin = "rina"\nname = "R"\nrole = "agent"\n[[duty]]', 1)
    with pytest.raises(CentreError, match=r"person\[2\] login: is taken already: 'rina'"):
        parse(again)


def test_a_file_that_is_not_there_or_no_toml(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError, match="there is no such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(UsageError, match=r"centre\.toml: Expected"):
        parse("[site")


def test_how_long_persons_are_kept() -> None:
    minimal = (
        '[site]\nname = "x"\nzone = "Asia/Jakarta"\n[[queue]]\nkey = "triage"\nname = "T"\n[policy]\nversion = 1\n'
    )
    assert parse(minimal).retention == {}
    words = "".join(f"{name} = {days}\n" for days, name in enumerate(KEPT, start=730))
    assert parse(f"{minimal}[retention]\n{words}").retention == {
        "contacts": 730, "tickets": 731, "acts": 732, "sessions": 733
    }  # fmt: skip
    assert parse(minimal + "[retention]\ncontacts = 730\n").retention == {"contacts": 730}
    for wrong in ("contacts = 0", "contacts = true", "contakts = 3", "audit = 30"):
        with pytest.raises(CentreError):
            parse(minimal + f"[retention]\n{wrong}\n")
