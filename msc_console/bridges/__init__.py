"""Host-to-host: other helpdesks, monitoring, mail, messaging. A file each."""
