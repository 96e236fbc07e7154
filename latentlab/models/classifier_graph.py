"""An attribute network as an ONNX graph, from photo range to logits and to the features they are made of. No torch."""

from __future__ import annotations

from typing import cast

from latentlab.models import onnx_wire
from latentlab.models.classifier_file import Classifier
from latentlab.models.layers import Linear
from latentlab.models.onnx_graph import IR_VERSION, OPSET, Graph
from latentlab.models.spec import GeneratorSpec

PHOTO, LOGITS, FEATURES = "photo", "logits", "features"


def export_classifier(classifier: Classifier) -> bytes:
    """Serialise an attribute network.

    Returns:
        A model with the input ``photo`` (N, C, H, W) float32 and the outputs ``logits`` (N, K) and ``features``
        (N, F), float32: what enters the last layer.
    """
    return _ClassifierGraph(classifier).finished()


class _ClassifierGraph(Graph):
    """Starts from a picture instead of z; of the spec, only the network is looked at."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__(cast(GeneratorSpec, classifier.card), classifier.weights)
        self._network = classifier.card.network
        self._value = PHOTO

    def finished(self) -> bytes:
        """Add all layers and close the graph."""
        last = len(self._network.layers) - 1
        layer = self._network.layers[last]
        assert isinstance(layer, Linear)
        self.layers(last)
        self._node("Identity", name=FEATURES)
        self._node("Gemm", *self._affine(last, layer.out_features, layer.bias), name=LOGITS, transB=1)
        shapes = {
            PHOTO: self._network.input_shape,
            LOGITS: (layer.out_features,),
            FEATURES: (layer.in_features,),
        }
        infos = {name: onnx_wire.value_info(name, onnx_wire.FLOAT, ("N", *shape)) for name, shape in shapes.items()}
        return onnx_wire.model(
            self._nodes,
            self._constants,
            [infos[PHOTO]],
            [infos[LOGITS], infos[FEATURES]],
            opset=OPSET,
            ir_version=IR_VERSION,
        )
