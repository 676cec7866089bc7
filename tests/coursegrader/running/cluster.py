"""A Dask cluster of two workers on this machine, in a process of its own: see test_resilience.py.

Prints the scheduler's address, then waits until its standard input closes. With the files of an
authority, a certificate and a key as arguments, it talks TLS.
"""

import sys
from typing import Any

from distributed import LocalCluster
from distributed.security import Security


def encrypted(ca: str, cert: str, key: str) -> dict[str, Any]:
    files = {}
    for part in ("scheduler", "worker", "client"):
        files |= {f"tls_{part}_cert": cert, f"tls_{part}_key": key}
    security = Security(tls_ca_file=ca, require_encryption=True, **files)
    return {"host": "tls://127.0.0.1", "security": security}


if __name__ == "__main__":
    connection = encrypted(*sys.argv[1:]) if sys.argv[1:] else {"host": "127.0.0.1"}
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        silence_logs=50,
        **connection,
    ) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
