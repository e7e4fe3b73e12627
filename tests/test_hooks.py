"""The hooks of a commit are the checks of `make lint`, called in the same way."""

import re

import yaml

from include.settings import PROJECT_ROOT


def test_every_check_has_a_hook_that_calls_it_and_fetches_nothing() -> None:
    lint = (PROJECT_ROOT / "bin" / "lint").read_text(encoding="utf-8")
    checks = re.search(r"^CHECKS=\((.*)\)$", lint, re.MULTILINE)
    assert checks is not None
    config = yaml.safe_load((PROJECT_ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (local,) = config["repos"]
    assert local["repo"] == "local"
    called = [(hook["id"], hook["language"], hook["entry"]) for hook in local["hooks"]]
    assert called == [(name, "system", f"bin/lint {name}") for name in checks[1].split()]
