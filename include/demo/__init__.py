"""A simulated dental practice in MariaDB, with a clock and with its own books."""
