"""People, their sessions and laptops: for those who look after them."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody

from ...domain.rights import Right
from ...sync.wire_people import (
    Device,
    Devices,
    Ended,
    Former,
    Rehearsal,
    RoleAsk,
    User,
    UserMade,
    UserNew,
    UserOff,
    UserPage,
    Users,
)
from .. import people, resets
from ..service import service_of, session_of
from . import with_right

Asked = Request[Any, Any, Any]


@get("/v1/users", summary="Whom the caller looks after", **with_right(Right.OVERSEE, "people"))
def listed(request: Asked) -> Users:
    """A supervisor: the front line of the own queues. Whoever may change accounts: everybody."""
    service = service_of(request)
    with service.central.read() as conn:
        return Users(users=people.listed(conn, session_of(request).person, service.now()))


@post("/v1/users", summary="A first password for a person", **with_right(Right.ACCOUNTS, "people", 409, 413))
def add(request: Asked, data: JSONBody[UserNew]) -> UserMade:
    """Of a new person, or of one of the set-up file. The password is told this once."""
    service, by = service_of(request), session_of(request).person
    made = resets.starting(service.auth.passwords)
    told = "" if data.dry_run else made.password
    return people.change(
        service.central, lambda conn: people.add(conn, data, by, told, made.hash, service.now()), dry_run=data.dry_run
    )


@get("/v1/users/{login:str}", summary="One person", **with_right(Right.OVERSEE, "people", 404))
def page(request: Asked, login: FromPath[str]) -> UserPage:
    """With sessions and laptops."""
    service = service_of(request)
    with service.central.read() as conn:
        return people.page(conn, login, session_of(request).person, service.now())


@post(
    "/v1/users/{login:str}/disable",
    summary="Switch an account off",
    **with_right(Right.ACCOUNTS, "people", 404, 409, 413),
)
def disable(request: Asked, login: FromPath[str], data: JSONBody[UserOff]) -> Ended:
    """The sessions end, also what is under way. With `offboard` laptops, codes and tokens end too, and unfinished
    tickets go back to their queues, where the person's late work is fenced. Twice is once."""
    service, by = service_of(request), session_of(request).person
    done = people.change(
        service.central,
        lambda conn: people.switch_off(service.central, conn, login, by, service.now(), offboard=data.offboard),
        dry_run=data.dry_run,
    )
    service.watch.notify(service.head())
    return done


@post(
    "/v1/users/{login:str}/enable",
    summary="Switch an account on again",
    **with_right(Right.ACCOUNTS, "people", 404, 413),
)
def enable(request: Asked, login: FromPath[str], data: JSONBody[Rehearsal]) -> User:
    """Laptops that were revoked stay so: a new one needs a code."""
    service, by = service_of(request), session_of(request).person
    return people.change(
        service.central,
        lambda conn: people.switch_on(service.central, conn, login, by, service.now()),
        dry_run=data.dry_run,
    )


@post(
    "/v1/users/{login:str}/role",
    summary="Give another role, level or queues",
    **with_right(Right.ACCOUNTS, "people", 404, 409, 413),
)
def role(request: Asked, login: FromPath[str], data: JSONBody[RoleAsk]) -> User:
    """Counts from the next request on. Nobody gives more than they may do themselves."""
    service, by = service_of(request), session_of(request).person
    return people.change(
        service.central,
        lambda conn: people.change_role(service.central, conn, login, data, by, service.now()),
        dry_run=data.dry_run,
    )


@post(
    "/v1/users/{login:str}/erase",
    summary="Erase somebody who has left",
    **with_right(Right.PRIVACY, "people", 404, 409, 413),
)
def erase(request: Asked, login: FromPath[str], data: JSONBody[Rehearsal]) -> Former:
    """Only after off-boarding. A pseudonym takes the place of the name wherever it was copied; the login is free."""
    service, by = service_of(request), session_of(request).person
    done = people.change(
        service.central,
        lambda conn: people.erase(service.central, conn, login, by, service.now()),
        dry_run=data.dry_run,
    )
    service.watch.notify(service.head())
    return done


@post(
    "/v1/users/{login:str}/sessions/end",
    summary="Sign a person out everywhere",
    **with_right(Right.OVERSEE, "people", 404, 413),
)
def end_sessions(request: Asked, login: FromPath[str], data: JSONBody[Rehearsal]) -> Ended:
    """The account stays on."""
    service, by = service_of(request), session_of(request).person
    return people.change(
        service.central, lambda conn: people.end_sessions(conn, login, by, service.now()), dry_run=data.dry_run
    )


@get("/v1/devices", summary="Laptops of those whom the caller looks after", **with_right(Right.OVERSEE, "devices"))
def devices(request: Asked) -> Devices:
    """Good and revoked ones, by their letters."""
    with service_of(request).central.read() as conn:
        return Devices(devices=people.laptops(conn, session_of(request).person))


@post(
    "/v1/devices/{code:str}/revoke",
    summary="Revoke a laptop",
    **with_right(Right.ACCOUNTS, "devices", 404, 413),
)
def revoke(request: Asked, code: FromPath[str], data: JSONBody[Rehearsal]) -> Device:
    """Nothing of it counts any more; at its next contact it saves what is unsent and wipes itself. Twice is once."""
    service, by = service_of(request), session_of(request).person
    return people.change(
        service.central,
        lambda conn: people.revoke(service.central, conn, code, by, service.now()),
        dry_run=data.dry_run,
    )


handlers = [listed, add, page, disable, enable, role, erase, end_sessions, devices, revoke]
