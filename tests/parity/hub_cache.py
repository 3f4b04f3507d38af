"""The model cache is shared with huggingface_hub, both ways: what one fetches the other uses.

Runs against a hub on this machine. Needs the packages of tools/requirements-oracle.txt.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
import hub_stand_in  # noqa: E402

NAME = "org/tiny"
MODEL = ROOT / "tests" / "golden" / "embedding" / "st-short"
TEXT = "A dog is running outside."


def check(claim, holds):
    print(f"{'ok' if holds else 'FAILED'}: {claim}", flush=True)
    return holds


def merle_vector(merle, cache, **variables):
    env = {**os.environ, "HF_HUB_CACHE": str(cache), **variables}
    done = subprocess.run([merle, "embed", "-m", NAME, TEXT, "--json"], env=env, check=True, capture_output=True)
    return json.loads(done.stdout)["embedding"]


def reference_vector(cache):
    from sentence_transformers import SentenceTransformer
    model = SentenceTransformer(NAME, cache_folder=str(cache), local_files_only=True, device="cpu")
    return model.encode([TEXT])[0].tolist()


def distance(a, b):
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--merle", default=str(ROOT / "build" / "merle"))
    merle = os.path.abspath(parser.parse_args().merle)
    files = {name: content for name, content in hub_stand_in.files_below(MODEL).items() if name != "cases.jsonl"}
    with hub_stand_in.HubStandIn() as hub, tempfile.TemporaryDirectory() as scratch:
        os.environ.update(HF_ENDPOINT=hub.endpoint, no_proxy="*", HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1")
        import huggingface_hub
        commit = hub.add(NAME, files)
        theirs, ours = pathlib.Path(scratch, "theirs"), pathlib.Path(scratch, "ours")
        good = []

        huggingface_hub.snapshot_download(NAME, cache_dir=theirs)
        hub.requests.clear()
        vector = merle_vector(merle, theirs)
        # One question: whether the model has files that snapshot_download may have left out.
        good.append(check("Merle uses what huggingface_hub fetched, without a download",
                          [path.startswith("/api/models/") for path in hub.paths("hub")] == [True]
                          and not hub.paths("storage") and not hub.paths("hub", "HEAD")))
        hub.requests.clear()
        merle_vector(merle, theirs)
        good.append(check("and the next time without a request", not hub.requests))
        good.append(check("with the reference's vector", distance(vector, reference_vector(theirs)) <= 1e-5))

        subprocess.run([merle, "pull", NAME], env={**os.environ, "HF_HUB_CACHE": str(ours)}, check=True,
                       stdout=subprocess.DEVNULL)
        found = huggingface_hub.snapshot_download(NAME, cache_dir=ours, local_files_only=True)
        good.append(check("huggingface_hub finds what Merle fetched",
                          found == str(ours / "models--org--tiny" / "snapshots" / commit)))
        report = huggingface_hub.scan_cache_dir(ours)
        good.append(check("and sees a sound cache", not report.warnings and len(report.repos) == 1))
        absent = huggingface_hub.try_to_load_from_cache(NAME, "adapter_config.json", cache_dir=str(ours))
        good.append(check("and knows which files the model lacks", absent is huggingface_hub._CACHED_NO_EXIST))
        good.append(check("sentence-transformers loads it, with the same vector",
                          distance(vector, reference_vector(ours)) <= 1e-5))
        hub.requests.clear()
        huggingface_hub.snapshot_download(NAME, cache_dir=ours)
        good.append(check("huggingface_hub fetches nothing of it again", not hub.paths("storage")))
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
