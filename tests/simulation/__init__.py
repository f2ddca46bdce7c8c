"""A whole centre in one process and one thread: the real central, real laptops, and every fault from one seed."""
