"""The whole product: a real central process, real sessions, the command line and the console on a real terminal."""
