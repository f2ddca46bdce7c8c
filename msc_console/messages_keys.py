"""The sentences about a laptop's keys: vault, keyring, pass, recovery, revocation. Part of `messages`."""

from .i18n import N_

OF_KEYS: dict[str, str] = {
    "vault_damaged": N_("The vault of keys is damaged. Nothing was deleted; ask technical support."),
    "vault_missing": N_("You have not signed in on this laptop yet; the first time needs central: msc login."),
    "vault_weak": N_("The vault of keys is weaker than is permitted here. Sign in with central again: msc login."),
    "wrong_password_left": N_("The password is wrong. {left} more tries, then this laptop's keys are closed for good."),
    "vault_locked": N_(
        "This laptop's keys are closed: ten wrong passwords, or another user of this machine. Unsent work is not lost: "
        "two people can bring it back with the recovery key (msc vault recover)."
    ),
    "vault_busy": N_("Another program is opening the vault of keys just now. Try again."),
    "keyring_required": N_("Here a vault may not be opened by the password alone; the system's keyring is needed."),
    "keyring_absent": N_(
        "This session of the system has no keyring, and the keys need it. Unsent work is safe; sign in at the desktop."
    ),
    "keyring_locked": N_("The system's keyring is locked. Unlock it and try again; nothing was changed."),
    "keyring_slow": N_(
        "The system's keyring did not answer in time. Perhaps it asks for a password in another window; then try again."
    ),
    "keyring_refused": N_("The system's keyring refused. Nothing was changed; ask technical support."),
    "keyring_forgets": N_("The system's keyring does not keep what it is given, so it is not used."),
    "keyring_foreign": N_("Another program wrote into our place in the system's keyring. Ask technical support."),
    "pass_missing": N_(
        "This laptop has no pass yet for working without central. Unsent work is safe; sign in with central: msc login."
    ),
    "pass_over": N_(
        "The pass for working without central ended at {until}. Unsent work is safe; sign in with central: msc login."
    ),
    "pass_early": N_(
        "This laptop's clock is before its pass begins. Put the clock right, or sign in with central: msc login."
    ),
    "pass_clock": N_(
        "This laptop's clock went back: it was {seen} here already. Put the clock right, or sign in with central: "
        "msc login. Unsent work is safe."
    ),
    "pass_older": N_(
        "An older copy of this laptop's files was put back, so it opens only with central: msc login. Nothing was "
        "deleted."
    ),
    "pass_forged": N_("The pass of this laptop is not central's. Sign in with central: msc login; tell support."),
    "pass_foreign": N_("The pass is another laptop's or person's. Sign in with central: msc login; tell support."),
    "vault_in_use": N_("A console or a sync is at work on this laptop. End it first; nothing was changed."),
    "recovery_not_sealed": N_(
        "This laptop has never sealed its key to a recovery key, so nobody can bring it back. Nothing was deleted."
    ),
    "recovery_not_asked": N_("This laptop has asked for nothing: msc vault recover --ask FILE."),
    "recovery_not_for_this_key": N_("That was sealed to another key, or is damaged. Nothing was changed."),
    "recovery_other_person": N_("That is not {login}'s. Nothing was changed."),
    "recovery_half_wrong": N_("Half {half} is no half of a recovery key, or was copied wrongly."),
    "recovery_halves_unmatched": N_("These two are not the two halves of one recovery key."),
    "recovery_two_halves": N_("Both halves are needed: --half FILE --half FILE."),
    "recovery_key_there": N_(
        "There is a recovery key already ({name}). Another in its place: --replace; what is sealed stays sealed to it."
    ),
    "recover_ask_or_answer": N_("Say either --ask FILE or --answer FILE."),
    "device_wiped": N_("This laptop was revoked, and what was yours on it has been deleted. Nothing unsent was lost."),
    "device_wiped_saved": N_(
        "This laptop was revoked, and what was yours on it has been deleted. Unsent work is sealed in {path} for the "
        "holders of the recovery key: hand that file to technical support."
    ),
    "device_wiped_lost": N_(
        "This laptop was revoked, and what was yours on it has been deleted. There was no recovery key, so unsent work "
        "is lost."
    ),
    "device_code_unknown": N_("There is no device «{code}»."),
    "passwords_differ": N_("The two new passwords differ. Nothing was changed."),
}
