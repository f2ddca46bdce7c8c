-- A customer's tickets: what is given out, erased, or kept too long.
CREATE INDEX ticket_contact ON ticket (contact);
