"""How much memory does this process hold itself, and how much is mapped from files? Imports nothing of ours."""


def megabytes() -> dict[str, float]:
    """Return `own` (anonymous) and `mapped` (resident pages of files) in MB (10**6 bytes)."""
    with open("/proc/self/smaps_rollup", encoding="ascii") as lines:
        found = {
            line.split(":")[0]: int(line.split()[1]) * 1024 / 1e6 for line in lines if line.rstrip().endswith("kB")
        }
    return {"own": found["Anonymous"], "mapped": found["Rss"] - found["Anonymous"]}
