"""The sentences about ways into central: new laptops, authenticators, recovery, resets, notices. Part of `messages`."""

from .i18n import N_

OF_ACCOUNTS: dict[str, str] = {
    "enrolment_needed": N_(
        "This laptop is new here. Ask technical support or the duty manager for a code, and sign in with it: "
        "msc login --enrol."
    ),
    "enrolment_wrong": N_(
        "The code for a new laptop is wrong, used up or over: it is good once, for 15 minutes. Ask for another."
    ),
    "code_wrong": N_("The code is wrong, or it was used already. Wait for the next one that the authenticator shows."),
    "codes_wrong": N_(
        "These two don't fit. Both have to be of the code that was scanned here, the second right after the first."
    ),
    "code_clock": N_(
        "The code is right for another time: the telephone's clock is off by about {seconds} seconds. Let the "
        "telephone set its clock by itself, then take a new code."
    ),
    "code_stopped": N_(
        "Too many wrong codes in a row, so no code counts any more. Two leads can set your second factor back: "
        "msc user reset-2fa."
    ),
    "clock_here": N_(
        "This laptop's clock is off by {seconds} seconds from central's. Put it right: times of your work are judged "
        "by it."
    ),
    "totp_set_up_already": N_("The authenticator is set up already. Sign in again with its code."),
    "password_guessable": N_(
        "That password would be guessed: common words, names, years and rows of keys don't count."
    ),
    "recovery_needs_terminal": N_("That is shown on a terminal alone, so that no file keeps it."),
    "authenticator_left": N_("You left your authenticator. The next sign-in sets the new one up: msc login."),
    "reset_own": N_("Nobody asks for or approves a reset of their own."),
    "reset_alone": N_("You have asked for this reset yourself; another lead has to approve it."),
    "reset_unknown": N_(
        "There is no such request, or it is over. Ask anew: msc user reset-2fa LOGIN, or reset-password."
    ),
    "setup_needs_terminal": N_("The authenticator has to be set up first; that needs a terminal: msc login."),
    "account_above": N_(
        "That account, or that role, may do more than you may yourself. Somebody who may as much has to change it."
    ),
    "last_administrator": N_(
        "Nobody would be left who may change accounts, so nothing was done. Give somebody else that role first."
    ),
    "erase_not_offboarded": N_(
        "{login} has not left for good, so nothing was erased. First: msc user disable {login} --offboard."
    ),
    "erase_in_file": N_(
        "{login} still stands in the set-up file, so nothing was erased. Take them out of centre.toml and apply it: "
        "msc central apply."
    ),
    "password_first": N_("{by} gave you your first password; you have taken one of your own since."),
    "password_must_change": N_(
        "Others were told this password, so it opens nothing but its own change. Sign in and choose another: msc login."
    ),
    "password_reset_asked": N_(
        "{by} asks for a new password for {login}, who has forgotten it. Approve: "
        "msc user reset-password {login} --approve"
    ),
    "password_reset_done": N_("Your password was set back: asked by {asked}, approved by {approved}."),
    "sessions_ended": N_("{by} signed you out everywhere."),
    "role_changed": N_("{by} changed your role or queues; your role is {role}."),
    "person_left": N_("{login} has left, {by} says: {tickets} of their tickets are back in their queues."),
    "api_reads": N_("msc api reads, and nothing else: msc api GET /v1/... An address has plain letters alone."),
    "script_token_unknown": N_(
        "Central does not know this script's token: mistyped, cut, or of another central. Nothing was done. Make "
        "another: msc token create."
    ),
    "script_token_expired": N_("This script's token has run out; nothing was done. Make another: msc token create."),
    "script_session_ended": N_(
        "This script's token was ended, or its owner has left or may have none any more; nothing was done. Whoever "
        "looks after the script makes another: msc token create."
    ),
    "script_address": N_(
        "This script's token is not for this address; nothing was done. Make one whose --network has it: "
        "msc token create."
    ),
    "script_token_scope": N_("The scopes of this script's token don't reach so far. Make another: msc token create."),
    "script_not_for_scripts": N_("That is not for scripts: with a token only changes and timelines are read."),
    "recovery_used": N_("{login} has signed in with a recovery code; {left} are left. Was it them?"),
    "many_wrong_codes": N_("{failed} wrong codes in a row for {login}. Was it them?"),
    "password_changed": N_("Your password was changed and all other sessions ended. Not you? Tell technical support."),
    "reset_asked": N_(
        "{by} asks that the second factor of {login} is set back. Approve: msc user reset-2fa {login} --approve"
    ),
    "reset_done": N_("Your second factor was set back: asked by {asked}, approved by {approved}."),
}
"""Merged into `messages.SENTENCES`."""
