"""The sentences about the audit trail, exports and personal data. Part of `messages`."""

from .i18n import N_

OF_OFFICE: dict[str, str] = {
    "audit_needs_central": N_(
        "The audit trail is at central alone, and central can't be reached. Nothing was read or written; try again "
        "when msc sync status says that central answers."
    ),
    "audit_key_missing": N_(
        "Checkpoints count only under the key that they were signed with: give it with --key "
        "(msc central audit key prints it)."
    ),
    "audit_form": N_("{path}: a trail is written as .jsonl, .csv or .xlsx."),
    "contact_erased": N_(
        "What was kept of this person was erased, so nothing about them is taken any more; central kept none of these "
        "words. Let the act go (msc sync dismiss), and make a new contact if the person comes again."
    ),
    "contact_open": N_(
        "The person has {count} tickets that are not closed: {numbers}. Nothing was erased; close or cancel them first."
    ),
    "privacy_needs_central": N_(
        "That is done at central alone, and central can't be reached. Nothing was erased or written; try again when "
        "msc sync status says that central answers."
    ),
    "erase_unsure": N_(
        "Erasing can't be undone. Nothing was done; if {name} is the right person, ask again with --yes."
    ),
    "no_export_right": N_(
        "Your role may look at this, but not have it written to a file. Nothing was written; ask your supervisor."
    ),
    "exports_untold": N_(
        "{count} files were written here that central has not heard of yet, so no more is written. Connect once: "
        "msc sync now."
    ),
}
