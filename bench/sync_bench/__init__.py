"""The conversation between laptops and central, measured: ten workloads, beside PouchDB and a bare SQLite."""
