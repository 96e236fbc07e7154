"""Logging: one file for everything, warnings also on stderr."""

from __future__ import annotations

import logging
import logging.handlers
import sys

from latentlab import paths
from latentlab.errors import ErrorReport, LatentlabError


def get(name: str) -> logging.Logger:
    """Return the logger of a module, below the application's."""
    return logging.getLogger(name if name.startswith(paths.APP_NAME) else f"{paths.APP_NAME}.{name}")


def report(logger: logging.Logger, told: ErrorReport, error: BaseException) -> None:
    """Log an error that the user is told of: one line if they can act on it, with its traceback if it is a bug."""
    if isinstance(error, LatentlabError):
        logger.info("%s", told)
    else:
        logger.error("%s", told, exc_info=error)


def start(to_file: bool = True) -> None:
    """Send the application's log to stderr (warnings) and, where possible, to `paths.log_file` (everything).

    A log folder that cannot be written is reported once on stderr and is otherwise no obstacle.
    """
    logger = logging.getLogger(paths.APP_NAME)
    if logger.handlers:
        return
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    on_stderr = logging.StreamHandler(sys.stderr)
    on_stderr.setLevel(logging.WARNING)
    on_stderr.setFormatter(logging.Formatter("latentlab: %(levelname)s: %(message)s"))
    logger.addHandler(on_stderr)
    if not to_file:
        return
    target = paths.log_file()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        in_file = logging.handlers.RotatingFileHandler(target, maxBytes=1_000_000, backupCount=2, encoding="utf-8")
    except OSError as error:
        logger.warning("no log file: %s: %s", target, error.strerror)
        return
    in_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    logger.addHandler(in_file)
