"""Sessions of ONNX Runtime, on the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import onnxruntime

from latentlab.cores import cores
from latentlab.errors import ModelFileError
from latentlab.latent.arrays import FloatArray

ERRORS, NOTHING = 3, 4


def session_of(
    raw: bytes,
    threads: int,
    source: object,
    purpose: str = "draw",
    logged: int = ERRORS,
    constants: Mapping[str, FloatArray] = MappingProxyType({}),
    settings: Mapping[str, str] = MappingProxyType({}),
) -> onnxruntime.InferenceSession:
    """Have the runtime make a graph ready.

    Args:
        raw: The graph.
        threads: Of the runtime; 0 takes one per core.
        source: What to name where it is refused.
        purpose: What the runtime is to do with it, for the same line.
        logged: What the runtime writes to stderr.
        constants: Those that the graph only names; must live as long as the session.
        settings: Further settings of the session, by the runtime's names.

    Raises:
        ModelFileError: If the runtime refuses it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = logged
    for name, value in settings.items():
        options.add_session_config_entry(name, value)
    try:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(each) for each in constants.values()]
        options.add_external_initializers(list(constants), values)
        # A second try, on the same CPU, would be announced on stdout.
        return onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:
        raise ModelFileError(source, f"the runtime cannot {purpose} it: {error}") from error
