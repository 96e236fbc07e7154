"""The document: frozen state, one writer, save and load, settings. No Qt."""
