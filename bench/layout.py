"""The paths of the benchmark: a directory outside of the checkout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from include.errors import TerminalError

# Survives a reboot, and the unprivileged account of the servers may enter it.
DEFAULT_DIRECTORY = Path("/var/tmp/open-dental-bench")  # noqa: S108
PROJECT = Path(__file__).resolve().parent.parent
BENCH = PROJECT / "bench"
RESULTS_JSON = BENCH / "results.json"
RESULTS_PAGE = BENCH / "RESULTS.md"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths below one benchmark directory."""

    root: Path

    @property
    def python(self) -> Path:
        """The interpreter of the peers' environment."""
        return self.root / "venv" / "bin" / "python"

    @property
    def sling(self) -> Path:
        """Sling's program, inside its Python package."""
        packages = self.root / "venv" / "lib" / "python3.11" / "site-packages"
        return packages / "sling_linux_amd64" / "bin" / "sling-linux-amd64"

    @property
    def parts(self) -> Path:
        """The generated tables, in parts for LOAD DATA."""
        return self.root / "parts"

    @property
    def source(self) -> Path:
        """What a local system takes as its data directory, to run on the source's data."""
        return self.root / "source"

    @property
    def mariadb(self) -> Path:
        """Data of the source; kept from run to run."""
        return self.source / "mariadb"

    @property
    def postgres(self) -> Path:
        """Data of the warehouse; each run creates them again."""
        return self.root / "postgres"

    @property
    def ready(self) -> Path:
        """Binary files that PostgreSQL has written and copies back."""
        return self.root / "ready"

    @property
    def scratch(self) -> Path:
        """Other files that peers and loads write: logs, configs, pipelines."""
        return self.root / "scratch"


def open_layout(root: Path) -> Layout:
    """Return the layout; raises TerminalError when `bench/setup` was not run for it."""
    layout = Layout(root.resolve())
    if not layout.python.exists():
        raise TerminalError(
            "has no environment for the peers yet. Run `bench/setup DIRECTORY`, or `make bench`.",
            where=str(layout.root),
        )
    for directory in (layout.parts, layout.scratch):
        directory.mkdir(parents=True, exist_ok=True)
    return layout
