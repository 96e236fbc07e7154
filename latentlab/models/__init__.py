"""Networks and files: specs, the DCGAN, the checkpoint format, spec to ONNX graph."""
