"""How many megabytes (10**6) do the default dependencies take? Run with the Python of a fresh environment of them."""

import json
import sysconfig
from pathlib import Path

LEFT_OUT = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence")


def disk_bytes(entry: Path) -> int:
    files = [entry] if entry.is_file() else [path for path in entry.rglob("*") if path.is_file()]
    return sum(path.stat().st_blocks * 512 for path in files)


def main() -> None:
    folder = Path(sysconfig.get_paths()["purelib"])
    sizes = {entry.name: disk_bytes(entry) / 1e6 for entry in folder.iterdir() if not entry.name.startswith(LEFT_OUT)}
    largest = sorted(sizes, key=lambda name: -sizes[name])[:8]
    result = {"megabytes": round(sum(sizes.values())), "largest": {name: round(sizes[name], 1) for name in largest}}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
