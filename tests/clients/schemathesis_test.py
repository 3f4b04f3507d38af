"""schemathesis asks for everything that /openapi.json describes; no answer may be an error of the server.

MERLE_SCHEMA_EXAMPLES bounds the requests of each route (default 200). Part of `make test-long`.
"""

import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import packages  # noqa: E402
from serving import Server  # noqa: E402

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def main():
    try:
        folder = packages.python_packages("schemathesis")
    except packages.Missing as reason:
        print(f"skipped: {reason}")
        sys.exit(packages.SKIPPED)
    with Server() as server:
        words = ["-m", "schemathesis.cli", "run", server.url + "/openapi.json", "--checks", CHECKS, "--seed", "1",
                 "--max-examples", os.environ.get("MERLE_SCHEMA_EXAMPLES", "200"), "--request-timeout", "30",
                 "--no-color"]
        done = subprocess.run([sys.executable, *words], check=False, cwd=packages.FOLDER,
                              env={**os.environ, "PYTHONPATH": str(folder)})
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
