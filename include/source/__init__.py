"""The practice database: a MariaDB or MySQL server that is only ever read."""
