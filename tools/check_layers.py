#!/usr/bin/env python3
"""Checks that every file of src/ includes only what its folder's layer may (the table below)."""

import pathlib
import re
import sys

# folder -> the folders it may include besides itself. ARCHITECTURE.md shows the same table.
MODEL_LAYERS = {"base", "tensor", "kernels", "tokenizers", "models"}
ALL_BUT_EDGES = MODEL_LAYERS | {"index", "embedding", "documents"}
MAY_INCLUDE = {
    "base": set(),
    "tensor": {"base"},
    "tokenizers": {"base"},
    "hub": {"base"},
    "kernels": {"base", "tensor"},
    "models": {"base", "tensor", "kernels"},
    "index": {"base", "tensor", "kernels"},
    "embedding": MODEL_LAYERS,
    "documents": {"base", "tokenizers"},
    "apply": ALL_BUT_EDGES,
    "evaluation": ALL_BUT_EDGES | {"apply"},
    "server": ALL_BUT_EDGES | {"apply"},
    "cli": ALL_BUT_EDGES | {"hub", "apply", "evaluation", "server"},
}
# Third-party headers and the only folder that may include them; OpenSSL has two, as TLS needs it too.
OWNERS = {
    "hwy/": {"kernels"},
    "simdjson": {"base"},
    "fmt/": {"base"},
    "curl/": {"base"},
    "openssl/": {"base", "server"},
    "utf8proc": {"tokenizers"},
    "boost/": {"server"},
    "CLI/": {"cli"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)


def problems(root: pathlib.Path):
    for path in sorted(root.rglob("*")):
        if path.suffix not in {".h", ".cc"} or path.parent == root:
            continue
        folder = path.relative_to(root).parts[0]
        if folder not in MAY_INCLUDE:
            yield f"{path}: the folder {folder} is in no layer; add it to tools/check_layers.py"
            continue
        for match in INCLUDE.finditer(path.read_text(encoding="utf-8")):
            name = match.group(1) or match.group(2)
            first = name.split("/")[0]
            if first in MAY_INCLUDE and first != folder and first not in MAY_INCLUDE[folder]:
                yield f"{path}: {folder} may not include {name}"
            for prefix, owners in OWNERS.items():
                if name.startswith(prefix) and folder not in owners:
                    yield f"{path}: {name} belongs to {' and '.join(sorted(owners))}"


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent / "src"
    found = list(problems(root))
    print("\n".join(found) or "the layers hold")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
