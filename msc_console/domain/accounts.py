"""Who may look at whose account, change it, and give which role. Contract, "user layering by function" (R23, R25).

Nobody gives or takes away more than they may do themselves: an account is changed by those whose office reaches at
least as far as its role's, before the change and after it.
"""

from .people import Person
from .rights import Right, granted, has
from .terms import Role

FRONT = frozenset({Role.AGENT, Role.AGENT_B2B, Role.EOS})
"""The people of a function: those whom a supervisor leads, in the queues of both."""
OFFICE = frozenset({Right.TOKENS, Right.OVERSEE, Right.ACCOUNTS, Right.AUDIT, Right.PRIVACY, Right.RESET})
"""Rights over people and data, beside those to work on tickets."""
KEEPERS = frozenset(role for role in Role if role is not Role.SYSTEM and has(role, Right.ACCOUNTS))
"""Roles that may change accounts: of them one active person stays, whatever is changed."""


def oversees(by: Person, whom: Person) -> bool:
    """Whether `by` sees the account of `whom`, its laptops and sessions, and may end these."""
    if has(by.role, Right.ACCOUNTS):
        return True
    if not has(by.role, Right.OVERSEE):
        return False
    return whom.id == by.id or (whom.role in FRONT and not set(by.queues).isdisjoint(whom.queues))


def outranks(by: Person, role: Role) -> bool:
    """Whether the rights of `by` over people and data include those of a role."""
    return role is not Role.SYSTEM and granted(role).rights & OFFICE <= granted(by.role).rights


def reaches(by: Person, role: Role) -> bool:
    """Whether `by` may make somebody of a role, or change and switch off one who has it."""
    return has(by.role, Right.ACCOUNTS) and outranks(by, role)
