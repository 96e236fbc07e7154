"""The version of the application; the build reads it from here."""

VERSION = "0.1.0"
