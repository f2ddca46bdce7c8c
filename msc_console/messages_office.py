"""The sentences about the audit trail, exports, personal data and what central puts aside. Part of `messages`."""

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
    "sheet_full": N_(
        "A sheet holds {most} records and there are more. Nothing was written; take .csv or .jsonl, or narrow it down."
    ),
    "contact_erased": N_(
        "What was kept of this person was erased, so nothing about them is taken any more; central kept none of these "
        "words. Let the act go (msc sync dismiss), and make a new contact if the person comes again."
    ),
    "contact_open": N_(
        "The person has {count} tickets that are not closed: {numbers}. Nothing was erased; close or cancel them first."
    ),
    "dismissed": N_("Whoever looks after what central puts aside has let this act go: {why}"),
    "done_from_quarantine": N_("Central has done this meanwhile, out of what it had put aside. Let this act go."),
    "quarantine_done_anew": N_(
        "Its author has done the same in another act since, so it would be done twice. Nothing was done; dismiss it."
    ),
    "quarantine_erased": N_(
        "What this act said is erased, so nobody can do it any more. Nothing was done; dismiss it."
    ),
    "quarantine_needs_central": N_(
        "What is put aside is at central alone, and central can't be reached. Nothing was done; try again when "
        "msc sync status says that central answers."
    ),
    "quarantine_settled": N_("Somebody has settled this act already: {result}. Nothing was done."),
    "quarantine_unknown": N_(
        "No act that you may see is put aside under {ref}. msc quarantine list shows those that are."
    ),
    "privacy_needs_central": N_(
        "That is done at central alone, and central can't be reached. Nothing was erased or written; try again when "
        "msc sync status says that central answers."
    ),
    "erase_unsure": N_(
        "Erasing can't be undone. Nothing was done; if {name} is the right person, ask again with --yes."
    ),
    "incident_one": N_("Give a laptop or a person, one of the two: the report is about all laptops of a person."),
    "incident_times": N_("That ends ({until}) before it begins ({since}). Nothing was written."),
    "no_device": N_("Central has no laptop {device}."),
    "no_export_right": N_(
        "Your role may look at this, but not have it written to a file. Nothing was written; ask your supervisor."
    ),
    "exports_untold": N_(
        "{count} files were written here that central has not heard of yet, so no more is written. Connect once: "
        "msc sync now."
    ),
}
