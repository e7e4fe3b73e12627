"""Private servers on loopback, for `make demo` and for the tests."""
