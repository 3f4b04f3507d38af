"""Makes the models that the peers read, once for each content of the model, the scripts and the pinned versions."""

import hashlib
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / "benchmarks/peers"
EXPORTS = {"f32": None, "gguf": None, "onnxruntime_int8": "f32", "openvino_int8": "f32"}  # Name: made from.


def minilm() -> pathlib.Path:
    """The model that is measured unless another is named, in the Hugging Face cache."""
    from huggingface_hub import snapshot_download

    return pathlib.Path(snapshot_download("sentence-transformers/all-MiniLM-L6-v2", local_files_only=True))


def key(name: str, model: pathlib.Path, sample: pathlib.Path) -> str:
    files = [model / "model.safetensors", model / "config.json", ROOT / "benchmarks/requirements.txt", sample]
    digest = hashlib.sha256()
    for path in files + [PEERS / f"export_{part}.py" for part in (name, EXPORTS[name]) if part]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def export(name: str, model: pathlib.Path, sample: pathlib.Path, data: pathlib.Path) -> pathlib.Path:
    """Returns the folder of `name`, made now if need be. Exits with what the script printed if that fails."""
    folder = data / f"{name}-{key(name, model, sample)}"
    if folder.exists():
        return folder
    words = ["--sample", str(sample)]
    if EXPORTS[name]:
        words += ["--source", str(export(EXPORTS[name], model, sample, data))]
    print(f"exporting the model: {name}", file=sys.stderr, flush=True)
    part = data / f"{folder.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    command = [sys.executable, str(PEERS / f"export_{name}.py"), str(model), str(part), *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr + f"the export failed: {' '.join(command)}")
    part.rename(folder)
    return folder
