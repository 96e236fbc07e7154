"""SHELF: the user's cards; a list to drop on, drag from, rename, reorder and clear."""

from __future__ import annotations

import os

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QByteArray,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    Slot,
)
from PySide6.QtGui import QAction, QGuiApplication, QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QLabel, QListView, QMenu, QVBoxLayout, QWidget

from latentlab.errors import LatentlabError
from latentlab.pixels import Pixels
from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.opened import OpenedModel
from latentlab.session.state import End, SessionState
from latentlab.ui.card_mime import CARD_TYPE, dropped_card, mime_of, offers_card
from latentlab.ui.icons import icon
from latentlab.ui.panels.heading import heading, icon_button
from latentlab.ui.qimage import to_qimage
from latentlab.ui.render_bridge import Frames
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.picture import fitted

LANE = "shelf"
_THUMB_PX = 64
_OWN_TYPE = "application/x-latentlab-shelf-card"
_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class ShelfModel(QAbstractListModel):
    """The cards of the document as a Qt model; edits go through the studio."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._cards: tuple[Card, ...] = ()
        self._redrawn: dict[int, Pixels] = {}

    def card(self, row: int) -> Card:
        """Return the card of a row."""
        return self._cards[row]

    def set_cards(self, cards: tuple[Card, ...]) -> None:
        """Show other cards."""
        if cards == self._cards:
            return
        old, new = [card.id for card in self._cards], [card.id for card in cards]
        if new == old:
            self._cards = cards
            self.dataChanged.emit(self.index(0), self.index(len(cards) - 1))
        elif new[: len(old)] == old:
            self.beginInsertRows(QModelIndex(), len(old), len(new) - 1)
            self._cards = cards
            self.endInsertRows()
        else:
            self.beginResetModel()
            self._cards = cards
            self.endResetModel()

    def redraw(self, card_id: int, pixels: Pixels) -> None:
        """Show a card as the open model draws it."""
        self._redrawn[card_id] = pixels
        for row, card in enumerate(self._cards):
            if card.id == card_id:
                self.dataChanged.emit(self.index(row), self.index(row), [Qt.ItemDataRole.DecorationRole])

    def forget_redrawn(self) -> None:
        """Show every card as it was kept."""
        self._redrawn.clear()
        if self._cards:
            self.dataChanged.emit(self.index(0), self.index(len(self._cards) - 1))

    def rowCount(self, parent: _Index = _NOWHERE) -> int:  # noqa: N802 - Qt's name
        """Return the number of cards."""
        return 0 if parent.isValid() else len(self._cards)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return name, picture or tooltip of a card."""
        if not index.isValid():
            return None
        card = self._cards[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole, Qt.ItemDataRole.AccessibleTextRole):
            return card.name
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icon(card)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(card)
        return None

    def setData(self, index: _Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Rename a card."""
        name = str(value).strip()
        card = self._cards[index.row()]
        if role != Qt.ItemDataRole.EditRole or not name or name == card.name:
            return False
        self._studio.apply(changes.rename_card(card.id, name), self.tr("Rename to {0}").format(name))
        return True

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Cards can be selected, renamed and dragged; anything can be dropped between them."""
        base = super().flags(index) | Qt.ItemFlag.ItemIsDropEnabled
        if index.isValid():
            base |= Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsDragEnabled
        return base

    def supportedDropActions(self) -> Qt.DropAction:  # noqa: N802 - Qt's name
        """Cards are copied."""
        return Qt.DropAction.CopyAction

    def mimeTypes(self) -> list[str]:  # noqa: N802 - Qt's name
        """Take cards and PNG files."""
        return [CARD_TYPE, "text/uri-list"]

    def mimeData(self, indexes: list[QModelIndex]) -> QMimeData:  # type: ignore[override]
        """Describe the first card dragged."""
        card = self._cards[indexes[0].row()]
        mime = mime_of(card)
        mime.setData(_OWN_TYPE, QByteArray(f"{os.getpid()} {card.id}".encode()))
        return mime

    def canDropMimeData(  # noqa: N802 - Qt's name
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: _Index
    ) -> bool:
        """Whether a drag holds a card."""
        return offers_card(data)

    def dropMimeData(  # noqa: N802 - Qt's name
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: _Index
    ) -> bool:
        """Keep a card, or move one of the shelf's own."""
        own = self._own_id(data)
        if own is not None:
            place = row if row >= 0 else parent.row() if parent.isValid() else len(self._cards)
            # The cards behind it close up once it leaves its place.
            if any(card.id == own for card in self._cards[: max(0, row)]):
                place -= 1
            self._studio.apply(changes.move_card(own, place), self.tr("Move a card"))
            return True
        try:
            card = dropped_card(data)
        except LatentlabError as error:
            self._studio.on_refused(error)
            return False
        self._studio.apply(changes.keep(card), self.tr("Keep {0}").format(card.name))
        return True

    def _own_id(self, data: QMimeData) -> int | None:
        """Return the id of a card of this very shelf; ids of another window's process mean nothing here."""
        process, _, card_id = bytes(data.data(_OWN_TYPE).data()).decode().partition(" ")
        return int(card_id) if process == str(os.getpid()) else None

    def _icon(self, card: Card) -> QIcon:
        state = self._studio.state
        fits = state is None or card.fits(state.z_dim, state.prior)
        image = to_qimage(self._redrawn.get(card.id, card.pixels))
        ratio = QGuiApplication.primaryScreen().devicePixelRatio()
        target = fitted(image.size(), QSize(_THUMB_PX, _THUMB_PX), ratio)
        pixmap = QPixmap.fromImage(image).scaled((target.size() * ratio).toSize())
        pixmap.setDevicePixelRatio(ratio)
        made = QIcon()
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected, QIcon.Mode.Active):
            made.addPixmap(pixmap if fits else QIcon(pixmap).pixmap(pixmap.size(), QIcon.Mode.Disabled), mode)
        return made

    def _tip(self, card: Card) -> str:
        model = self._studio.model
        lines = [card.name, self.tr("drawn by {0}").format(card.model_name)]
        if model is not None and not card.fits(model.z_dim, model.prior):
            text = self.tr("Its latent ({0} wide, {1}) does not fit the open model ({2} wide, {3}).")
            lines.append(text.format(len(card.z), card.prior, model.z_dim, model.prior))
        elif card.id in self._redrawn:
            lines.append(self.tr("shown as the open model draws it"))
        edits = ", ".join(f"{name} {value:+.2f}" for name, value in card.point.strengths.items())
        return "\n".join(lines + ([edits] if edits else []))


class ShelfPanel(QWidget):
    """Cards to come back to. Enter or a double-click picks one up; F2 renames; Delete removes."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._studio = studio
        self._wanted: list[int] = []
        self.cards = ShelfModel(studio)
        self.view = _ShelfView(self)
        self.view.setModel(self.cards)
        self.keep = icon_button("keep", self.tr("Keep the picture in hand (K)"), size_px=16)
        self.remove = icon_button("trash", self.tr("Remove the selected cards (Delete)"), size_px=16)
        self._empty = QLabel(
            self.tr("Empty.\n\nPress K to keep the picture in hand, or drag any picture or a saved PNG here.")
        )
        self._empty.setObjectName("muted")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setContentsMargins(12, 0, 12, 0)
        self._empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 8, 0)
        top.addWidget(heading(self.tr("Shelf")), 1)
        top.addWidget(self.keep)
        top.addWidget(self.remove)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.view, 1)
        over = QVBoxLayout(self.view)
        over.addWidget(self._empty)
        self.setMinimumWidth(204)
        studio.follow_state(self._on_state)
        studio.follow_model(self._on_model)
        studio.render.receive(LANE, self._on_frames)
        self.view.activated.connect(self._on_activated)
        self.view.customContextMenuRequested.connect(self._on_menu)
        self.view.selectionModel().selectionChanged.connect(self._on_selection)
        self.cards.modelReset.connect(self._on_selection)
        self.keep.clicked.connect(self._on_keep)
        self.remove.clicked.connect(self.remove_selected)
        self._on_selection()

    def selected_cards(self) -> list[Card]:
        """Return the selected cards, in the shelf's order."""
        rows = sorted(index.row() for index in self.view.selectionModel().selectedIndexes())
        return [self.cards.card(row) for row in rows]

    @Slot()
    def remove_selected(self) -> None:
        """Take the selected cards off the shelf."""
        ids = frozenset(card.id for card in self.selected_cards())
        if ids:
            self._studio.apply(changes.remove_cards(ids), self.tr("Remove from the shelf"))

    @Slot(object)
    def _on_state(self, state: SessionState) -> None:
        self.cards.set_cards(state.shelf)
        self._empty.setVisible(not state.shelf)
        self._redraw_foreign(state)

    @Slot(object)
    def _on_model(self, _model: OpenedModel) -> None:
        self.cards.forget_redrawn()
        if self._studio.state is not None:
            self._redraw_foreign(self._studio.state)

    def _redraw_foreign(self, state: SessionState) -> None:
        model = self._studio.model
        if model is None:
            return
        foreign = [
            card
            for card in state.shelf
            if card.model_hash != model.generator.content_hash and card.fits(state.z_dim, state.prior)
        ]
        wanted = [card.id for card in foreign]
        if wanted != self._wanted:
            # A late result of the older list would be painted on the wrong cards.
            self._studio.render.forget(LANE)
            self._wanted = wanted
        if foreign:
            y = model.y_of([card.point for card in foreign])
            self._studio.render.request(LANE, np.stack([card.z for card in foreign]), y=y)

    def _on_frames(self, frames: Frames) -> None:
        for row, picture in zip(frames.rows, frames.pixels, strict=True):
            if row < len(self._wanted):
                self.cards.redraw(self._wanted[row], picture)

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        card = self.cards.card(index.row())
        point = self._studio.point_of(card)
        if point is not None:
            self._studio.apply(changes.pick_up(point), self.tr("Pick up {0}").format(card.name))

    @Slot()
    def _on_selection(self) -> None:
        self.remove.setEnabled(self.view.selectionModel().hasSelection())

    @Slot()
    def _on_keep(self) -> None:
        if self._studio.state is not None:
            self._studio.keep(self._studio.state.picture)

    @Slot(QPoint)
    def _on_menu(self, at: QPoint) -> None:
        index = self.view.indexAt(at)
        if not index.isValid():
            return
        menu = QMenu(self)
        pick = QAction(icon("explore"), self.tr("Pick up"), menu)
        to_a = QAction(icon("strip"), self.tr("Set as end A"), menu)
        to_b = QAction(icon("strip"), self.tr("Set as end B"), menu)
        rename = QAction(icon("more"), self.tr("Rename"), menu)
        remove = QAction(icon("trash"), self.tr("Remove"), menu)
        menu.addActions([pick, to_a, to_b, rename, remove])
        chosen = menu.exec(self.view.viewport().mapToGlobal(at))
        if chosen is pick:
            self._on_activated(index)
        elif chosen in (to_a, to_b):
            self._set_end("a" if chosen is to_a else "b", self.cards.card(index.row()))
        elif chosen is rename:
            self.view.edit(index)
        elif chosen is remove:
            self.remove_selected()
        menu.deleteLater()

    def _set_end(self, which: End, card: Card) -> None:
        point = self._studio.point_of(card)
        if point is not None:
            label = self.tr("Set end {0}").format(which.upper())
            self._studio.apply(changes.set_end(which, point), label)


class _ShelfView(QListView):
    """The cards in rows of thumbnails."""

    def __init__(self, panel: ShelfPanel) -> None:
        super().__init__()
        self._panel = panel
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setIconSize(QSize(_THUMB_PX, _THUMB_PX))
        self.setGridSize(QSize(_THUMB_PX + 34, _THUMB_PX + 48))
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Snap)
        self.setWordWrap(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDropIndicatorShown(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.CopyAction)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName(self.tr("Shelf"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete removes, Enter picks up; C goes on to the window, which compares."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._panel.remove_selected()
        elif event.key() == Qt.Key.Key_C:
            event.ignore()
        else:
            super().keyPressEvent(event)
