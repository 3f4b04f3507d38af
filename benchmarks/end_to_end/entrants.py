"""Who takes part: an engine with an arithmetic, and the program and the exported model that make it run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entrant:
    slug: str  # As --peers and --merle name it.
    engine: str
    arithmetic: str
    program: str | None = None  # peers/<program>.py; None is Merle's embed_bench.
    export: str | None = None  # Of exports.EXPORTS.

    @property
    def group(self) -> str:
        """Whom it is compared with: 16-bit numbers of both kinds together."""
        return "bf16" if self.arithmetic == "f16" else self.arithmetic

    @property
    def name(self) -> str:
        kind = "q8_0" if self.slug == "llamacpp-q8" else self.arithmetic
        return f"{self.engine} {kind}"

    @property
    def own_tokenizer(self) -> bool:
        """Its ids may differ from those of `tokenizers` now and then."""
        return self.engine == "llama.cpp"

    @property
    def is_merle(self) -> bool:
        return self.program is None


REFERENCE = Entrant("merle", "Merle", "f32")  # Always there: the cosines are to its vectors.
ENTRANTS = (
    REFERENCE,
    Entrant("pytorch", "PyTorch", "f32", "peer_pytorch"),
    Entrant("ort", "ONNX Runtime", "f32", "peer_onnxruntime", "f32"),
    Entrant("openvino", "OpenVINO", "f32", "peer_openvino", "f32"),
    Entrant("llamacpp", "llama.cpp", "f32", "peer_llamacpp", "gguf"),
    Entrant("merle-bf16", "Merle", "bf16"),
    Entrant("openvino-bf16", "OpenVINO", "bf16", "peer_openvino", "f32"),
    Entrant("llamacpp-f16", "llama.cpp", "f16", "peer_llamacpp", "gguf"),
    Entrant("merle-int8", "Merle", "int8"),
    Entrant("ort-int8", "ONNX Runtime", "int8", "peer_onnxruntime", "onnxruntime_int8"),
    Entrant("openvino-int8", "OpenVINO", "int8", "peer_openvino", "openvino_int8"),
    Entrant("llamacpp-q8", "llama.cpp", "int8", "peer_llamacpp", "gguf"),
)
GROUPS = {"f32": "float32", "bf16": "16 bits", "int8": "8 bits"}
