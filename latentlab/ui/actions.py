"""Every action as data: one table feeds menus, tool bar, shortcuts and palette; `action_table` makes it live."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP

CONTEXT = "actions"


@dataclass(frozen=True)
class ActionSpec:
    """One thing a user can do.

    Attributes:
        id: How code names it.
        menu: The menu it stands in.
        text: As the menu shows it, with its mnemonic.
        tip: What it does, a sentence.
        icon: Name of its icon; none where empty.
        keys: Shortcuts, the first is shown.
        checkable: Whether it is on or off.
        group: Actions of one group exclude each other.
        needs_model: Whether it is grey while no model is open.
        separated: Whether a line stands before it.
        submenu: The submenu of its menu that it stands in; the menu itself where empty.
    """

    id: str
    menu: str
    text: str
    tip: str
    icon: str = ""
    keys: tuple[str, ...] = ()
    checkable: bool = False
    group: str = ""
    needs_model: bool = False
    separated: bool = False
    submenu: str = ""


def _(text: str) -> str:
    return str(QT_TRANSLATE_NOOP("actions", text))


MENUS = (_("&File"), _("&Edit"), _("&Model"), _("&Latent"), _("&Train"), _("&View"), _("&Help"))
FILE, EDIT, MODEL, LATENT, TRAIN, VIEW, HELP = MENUS
DEVICE, THEME = _("&Device"), _("T&heme")

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("open-session", FILE, _("Open sess&ion…"), _("Open a saved session: picture, strip, terms, shelf")),
    ActionSpec(
        "session-before",
        FILE,
        _("Session &before this one"),
        _("Bring back what was there before the last session was opened"),
    ),
    ActionSpec("save-session", FILE, _("&Save session"), _("Save the session"), "save", ("Ctrl+S",), needs_model=True),
    ActionSpec(
        "save-session-as",
        FILE,
        _("Save session &as…"),
        _("Save the session under another name"),
        "save-as",
        ("Ctrl+Shift+S",),
        needs_model=True,
    ),
    ActionSpec(
        "save-picture",
        FILE,
        _("Save &picture…"),
        _("Save the picture as a PNG that holds its latent"),
        "image",
        ("Ctrl+Shift+E",),
        needs_model=True,
        separated=True,
    ),
    ActionSpec(
        "export",
        FILE,
        _("&Export walk…"),
        _("Export the walk between the ends as GIF, WebP, APNG or MP4"),
        "export",
        ("Ctrl+E",),
        needs_model=True,
    ),
    ActionSpec(
        "export-traversal",
        FILE,
        _("Export &traversal…"),
        _("Export the labelled figure that papers print of a direction"),
        "slider",
        needs_model=True,
    ),
    ActionSpec("quit", FILE, _("&Quit"), _("Close the window; the session is kept"), "", ("Ctrl+Q",), separated=True),
    ActionSpec("undo", EDIT, _("&Undo"), _("Undo the last change"), "undo", ("Ctrl+Z",)),
    ActionSpec("redo", EDIT, _("&Redo"), _("Do it again"), "redo", ("Ctrl+Shift+Z", "Ctrl+Y")),
    ActionSpec(
        "copy",
        EDIT,
        _("&Copy picture"),
        _("Copy the picture with its latent"),
        "copy",
        ("Ctrl+C",),
        needs_model=True,
        separated=True,
    ),
    ActionSpec(
        "paste",
        EDIT,
        _("&Paste picture"),
        _("Pick up the picture or the latent on the clipboard"),
        "paste",
        ("Ctrl+V",),
        needs_model=True,
    ),
    ActionSpec(
        "copy-python",
        EDIT,
        _("Copy as P&ython"),
        _("Copy lines of Python that draw the very same picture"),
        "",
        ("Ctrl+Shift+C",),
        needs_model=True,
    ),
    ActionSpec(
        "copy-command",
        EDIT,
        _("Copy as co&mmand"),
        _("Copy a command line that draws the very same picture"),
        needs_model=True,
    ),
    ActionSpec(
        "copy-latent",
        EDIT,
        _("Copy &latent as text"),
        _("Copy z as text; pasted here or given to a command it is the same latent"),
        needs_model=True,
    ),
    ActionSpec(
        "history",
        EDIT,
        _("&History"),
        _("Every step of the document; click one to go there"),
        "history",
        ("Ctrl+H",),
        separated=True,
    ),
    ActionSpec("open-model", MODEL, _("&Open…"), _("Open a trained generator"), "open", ("Ctrl+O",)),
    ActionSpec("open-bundled", MODEL, _("Open the &faces"), _("Open the faces that ship with latentlab"), "grid"),
    ActionSpec("open-digits", MODEL, _("Open the &digits"), _("Open the digits that ship with latentlab"), "grid"),
    ActionSpec(
        "catalogue",
        MODEL,
        _("Ca&talogue of a folder…"),
        _("Every model below a folder, with its first pictures"),
        "folder",
        ("Ctrl+Shift+O",),
    ),
    ActionSpec(
        "model-info",
        MODEL,
        _("Model &card"),
        _("What is known of the open model"),
        "info",
        ("Ctrl+I",),
        needs_model=True,
        separated=True,
    ),
    ActionSpec(
        "how-read",
        MODEL,
        _("&How it was read…"),
        _("Other ways to read the file of another project, as pictures, and every field by hand"),
        "variants",
        needs_model=True,
    ),
    ActionSpec(
        "compare-with",
        MODEL,
        _("Compare &with…"),
        _("A second model beside the first, on the same z"),
        "compare",
        needs_model=True,
    ),
    ActionSpec(
        "evaluate",
        MODEL,
        _("E&valuate…"),
        _("Compare its pictures with real ones: Fréchet distance, precision, recall and more, each with its spread"),
        "gauge",
        needs_model=True,
    ),
    ActionSpec(
        "export-model",
        MODEL,
        _("E&xport model…"),
        _("Write the open model as .safetensors or as .onnx"),
        "export",
        needs_model=True,
        separated=True,
    ),
    ActionSpec(
        "roll",
        LATENT,
        _("Another &seed"),
        _("Draw another picture; the sliders stay where they are"),
        "dice",
        ("R",),
        needs_model=True,
    ),
    ActionSpec(
        "previous-seed", LATENT, _("&Previous seed"), _("The seed before this one"), "", ("[",), needs_model=True
    ),
    ActionSpec("next-seed", LATENT, _("&Next seed"), _("The seed after this one"), "", ("]",), needs_model=True),
    ActionSpec(
        "keep",
        LATENT,
        _("&Keep on the shelf"),
        _("Keep the picture as a card"),
        "keep",
        ("K",),
        needs_model=True,
    ),
    ActionSpec(
        "reset",
        LATENT,
        _("&Reset the picture"),
        _("Bring sliders, truncation and renormalisation to rest"),
        "reset",
        ("Ctrl+R",),
        needs_model=True,
    ),
    ActionSpec(
        "hold-a",
        LATENT,
        _("Take end &A"),
        _("Put end A of the strip under the sliders"),
        "",
        ("A",),
        needs_model=True,
        separated=True,
    ),
    ActionSpec(
        "hold-b", LATENT, _("Take end &B"), _("Put end B of the strip under the sliders"), "", ("B",), needs_model=True
    ),
    ActionSpec("let-go", LATENT, _("&Let go of the end"), _("Leave the end where it is"), "", ("L",), needs_model=True),
    ActionSpec("swap", LATENT, _("S&wap the ends"), _("Exchange A and B"), "swap", ("X",), needs_model=True),
    ActionSpec(
        "play",
        LATENT,
        _("Pla&y the walk"),
        _("Play or pause the walk between the ends"),
        "play",
        ("P",),
        needs_model=True,
    ),
    ActionSpec(
        "find-directions",
        LATENT,
        _("&Find directions…"),
        _("Find sliders that mean something: from weights, samples, measurements, attributes, cards or a file"),
        "directions",
        ("Ctrl+D",),
        needs_model=True,
        separated=True,
    ),
    ActionSpec(
        "cosines",
        LATENT,
        _("&Cosines between directions"),
        _("Which directions do the same thing, as a matrix and in words"),
        "",
        ("Ctrl+Shift+D",),
        needs_model=True,
    ),
    ActionSpec(
        "label-by-clicking",
        LATENT,
        _("Lab&el by clicking…"),
        _("Make a direction of your own: click samples that have something, and samples that have it not"),
        "check",
        ("Ctrl+L",),
        needs_model=True,
        separated=True,
    ),
    ActionSpec(
        "find-latent",
        LATENT,
        _("Find the latent of an i&mage…"),
        _("Find the picture that comes nearest to a photograph or drawing of your own, and its latent"),
        "search",
        ("Ctrl+Shift+I",),
        needs_model=True,
        separated=True,
    ),
    ActionSpec(
        "variants",
        LATENT,
        _("&Variants"),
        _("Eight neighbours of the picture at a chosen distance"),
        "variants",
        ("V",),
        needs_model=True,
        separated=True,
    ),
    ActionSpec(
        "breed",
        LATENT,
        _("Bree&d"),
        _("The children of two pictures; the best are the next parents"),
        "",
        ("Ctrl+B",),
        needs_model=True,
    ),
    ActionSpec(
        "sheet",
        LATENT,
        _("S&heet of seeds"),
        _("Many seeds at once, sorted by score, typicality, a measurement or an attribute"),
        "grid",
        ("Ctrl+Shift+H",),
        needs_model=True,
    ),
    ActionSpec(
        "nine-seeds",
        LATENT,
        _("N&ine other seeds"),
        _("The same edit on nine other seeds, before and after"),
        "",
        ("N",),
        needs_model=True,
    ),
    ActionSpec(
        "wipe",
        LATENT,
        _("Before / af&ter wipe"),
        _("Show before left of a divider and now right of it"),
        "wipe",
        ("W",),
        needs_model=True,
    ),
    ActionSpec(
        "new-run",
        TRAIN,
        _("&New run…"),
        _("Train a DCGAN on MNIST or your own images"),
        "new-run",
        ("Ctrl+N",),
    ),
    ActionSpec(
        "data",
        TRAIN,
        _("&Data…"),
        _("Look at a data set before training: pictures, classes, sizes, duplicates, unreadable files"),
        "grid",
        ("Ctrl+Shift+N",),
    ),
    ActionSpec("resume-run", TRAIN, _("&Resume a run…"), _("Go on with a run that was stopped"), "resume"),
    ActionSpec(
        "follow-run",
        TRAIN,
        _("&Follow run folder…"),
        _("Watch a run that another process or machine is writing; while one is trained here, beside it"),
        "show",
    ),
    ActionSpec(
        "pause-run", TRAIN, _("&Pause or go on"), _("Hold the training at its next phase"), "pause", separated=True
    ),
    ActionSpec("update-d", TRAIN, _("Update D &alone"), _("Update D once, G held still, while the run is paused")),
    ActionSpec("update-g", TRAIN, _("Update &G alone"), _("Update G once, D held still, while the run is paused")),
    ActionSpec("slow-motion", TRAIN, _("Slow &motion on or off"), _("Rest after each update and show what it did")),
    ActionSpec("stop-run", TRAIN, _("&Stop"), _("End the training at its next phase and keep the run"), "stop"),
    ActionSpec("show-explore", VIEW, _("&Explore"), _("The live picture"), "explore", ("Ctrl+1",)),
    ActionSpec(
        "show-interpolate", VIEW, _("&Interpolate"), _("The walk between two points"), "interpolate", ("Ctrl+2",)
    ),
    ActionSpec("show-arithmetic", VIEW, _("&Arithmetic"), _("A − B + C"), "arithmetic", ("Ctrl+3",)),
    ActionSpec("show-train", VIEW, _("&Train"), _("The training run"), "train", ("Ctrl+4",)),
    ActionSpec("show-map", VIEW, _("Map&s"), _("A plane of seeds to walk on, a map of samples"), "map", ("Ctrl+5",)),
    ActionSpec(
        "smooth",
        VIEW,
        _("S&mooth pictures"),
        _("Smooth enlarged pictures instead of showing crisp pixels"),
        "",
        ("M",),
        checkable=True,
        separated=True,
    ),
    ActionSpec(
        "theme-system",
        VIEW,
        _("Theme of the &desktop"),
        _("Light or dark as the desktop is"),
        "",
        checkable=True,
        group="theme",
        submenu=THEME,
    ),
    ActionSpec(
        "theme-light",
        VIEW,
        _("&Light theme"),
        _("Dark text on light panels"),
        checkable=True,
        group="theme",
        submenu=THEME,
    ),
    ActionSpec(
        "theme-dark",
        VIEW,
        _("Dar&k theme"),
        _("Light text on dark panels"),
        checkable=True,
        group="theme",
        submenu=THEME,
    ),
    ActionSpec(
        "device-cpu",
        VIEW,
        _("Draw on the &CPU"),
        _("Draw through ONNX Runtime; the quickest for one picture on most machines without a large GPU"),
        checkable=True,
        group="device",
        submenu=DEVICE,
        separated=True,
    ),
    ActionSpec(
        "device-cuda",
        VIEW,
        _("Draw on the &NVIDIA GPU"),
        _("Draw through torch and CUDA"),
        checkable=True,
        group="device",
        submenu=DEVICE,
    ),
    ActionSpec(
        "device-mps",
        VIEW,
        _("Draw on the &Apple GPU"),
        _("Draw through torch and Metal"),
        checkable=True,
        group="device",
        submenu=DEVICE,
    ),
    ActionSpec(
        "performance",
        VIEW,
        _("&Performance"),
        _("Plot what drawing has cost over the last seconds"),
        "gauge",
        ("Ctrl+Shift+P",),
    ),
    ActionSpec("reset-layout", VIEW, _("&Reset the layout"), _("Put every panel back in its place"), separated=True),
    ActionSpec("palette", HELP, _("&Command palette"), _("Find any action by typing"), "command", ("Ctrl+K",)),
    ActionSpec("shortcuts", HELP, _("&Keyboard shortcuts"), _("Every key there is"), "keyboard", ("F1",)),
    ActionSpec("glossary", HELP, _("&Words"), _("What the words of the field mean, each in a sentence or two")),
    ActionSpec("about", HELP, _("&About latentlab"), _("Version and licence"), "info", separated=True),
)


TOOL_BAR = (
    ("open-model",),
    ("undo", "redo"),
    ("roll", "keep", "reset"),
    ("play", "export"),
    ("new-run",),
)
