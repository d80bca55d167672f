"""The real clients, offline: their programs, a home of their own, and a run against a stub model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hooks.stub_model import Script, StubModel, serving

CLIENTS = Path(os.environ.get("BRAINOPS_TEST_CLIENTS") or Path(__file__).parents[2] / ".clients")
PROGRAMS = {"claude-code": "claude", "codex": "codex"}
SECONDS = 60
BRAINOPS = Path(sys.executable).parent / "brainops"


def program(client: str) -> Path:
    """Return the native program of a client, as scripts/fetch_clients.py puts it there; skip where it is not."""
    found = CLIENTS / PROGRAMS[client]
    if not found.exists():
        pytest.skip(f"{client} is not there: python scripts/fetch_clients.py")
    return found


class Machine:
    """A home with clients, a repository to work in, and one memory."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "a home's folder"
        self.repository = folder / "shop"
        for made in (self.home / ".codex", self.home / ".claude", self.repository / ".git"):
            made.mkdir(parents=True)
        (self.repository / ".git" / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
        self.environment = {
            "HOME": str(self.home),
            "PATH": os.pathsep.join((str(BRAINOPS.parent), os.environ["PATH"])),
            "BRAINOPS_MODEL": "none",
            # no process of its own drains: each test says when, so that none outlives it
            "BRAINOPS_HOOKS": "session,prompt,before,after,failure,stop,subagent,compact,end",
        }

    def brainops(self, *words: str) -> str:
        """Run a command as the person whose machine it is."""
        done = subprocess.run(
            [str(BRAINOPS), *words],
            env=self.environment,
            cwd=self.repository,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, client: str, script: Script, prompt: str = "go on") -> StubModel:
        """Let a client work through a script; return the model with all that it was sent."""
        with serving(script) as model:
            words, more = getattr(self, f"_{PROGRAMS[client]}")(model.port)
            done = subprocess.run(
                [str(program(client)), *words, prompt],
                env={**self.environment, **more},
                cwd=self.repository,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=SECONDS,
            )
        assert done.returncode == 0 and model.requests, done.stdout + done.stderr
        return model

    def _claude(self, port: int) -> tuple[list[str], dict[str, str]]:
        more = {
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}",
            "ANTHROPIC_API_KEY": "none",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        }
        return ["--allowedTools", "Bash", "-p"], more

    def _codex(self, port: int) -> tuple[list[str], dict[str, str]]:
        provider = f'{{name="stub", base_url="http://127.0.0.1:{port}/v1", wire_api="responses"}}'
        settings = {
            "model": '"m"',
            "model_provider": '"stub"',
            "model_providers.stub": provider,
            "approval_policy": '"never"',
            "sandbox_mode": '"danger-full-access"',
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return ["exec", "--skip-git-repo-check", *words], {}
