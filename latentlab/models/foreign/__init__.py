"""Opening generators that were trained elsewhere: any DCGAN checkpoint by its shapes, any generator as ONNX."""
