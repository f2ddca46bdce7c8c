"""The conversation with central: messages, the engine without I/O, the HTTP transport."""
