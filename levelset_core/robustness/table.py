"""The cells of the table: which figure is the best one known, and which others are beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from levelset_core.attacks import ATTACKS, AttackConfig, paper_attack
from levelset_core.data.images import data_set_of, same_first_images
from levelset_core.robustness.cells import Cell
from levelset_core.robustness.models import KnownModel
from levelset_core.robustness.table1 import Published, Reference, published_for

#: The excerpt of MNIST has the first so many of its test images.
EXCERPT_IMAGES = 1000


@dataclass(frozen=True)
class Column:
    """An attack of the table."""

    attack: str
    title: str
    text: str


COLUMNS = (
    Column("clean", "Clean", "no attack"),
    Column("pgd-xent", "Cross-entropy PGD", "steps as in the paper"),
    Column("pgd-margin", "Margin PGD", "steps as in the paper"),
    Column("pgd-worst", "Worst case", "both losses, 10 × 100 steps"),
    Column("pgd-strong", "Strong PGD", "three losses, shrinking steps"),
    Column("autoattack", "AutoAttack", "standard version"),
)


@dataclass(frozen=True)
class Entry:
    """A place in the table.

    Attributes:
        model, attack: whose and under what.
        best: the figure about the most images, or None.
        active: one on its way, or stopped with less than it was to be, or None.
        reference: somebody else's figure for a network trained like this one, or None.
        latest: what the last finished run found, where another figure is about more images.
    """

    model: KnownModel
    attack: AttackConfig
    best: Cell | None
    active: Cell | None
    reference: Reference | None
    latest: Cell | None = None


@dataclass(frozen=True)
class Row:
    """A model, the paper's row of one trained like it on the table's data set, and its entries,
    one a column.
    """

    model: KnownModel
    like: Published | None
    entries: dict[str, Entry] = field(default_factory=dict)


def table_rows(
    models: list[KnownModel],
    cells: list[Cell],
    data: str,
    epsilon: float,
    norm: str = "linf",
) -> list[Row]:
    """The table of these models on a data set; attacks within ``epsilon`` of a norm."""
    rows = []
    for model in models:
        like = published_row(model, data)
        row = Row(model, like)
        for column in COLUMNS:
            attack = paper_attack(column.attack, model.shape[0], epsilon, norm)
            own = [c for c in cells if c.digest == model.digest and same_question(c, attack, data)]
            known = None
            if like is not None and attack == paper_attack(column.attack, model.shape[0]):
                known = like.reference(column.attack)
            row.entries[column.attack] = Entry(
                model, attack, _best(own), _active(own), known, _latest(own)
            )  # fmt: skip
        rows.append(row)
    return rows


def same_question(cell: Cell, attack: AttackConfig, data: str) -> bool:
    """Whether a cell answers for this attack on this data set."""
    few = data != "mnist_excerpt" or cell.wanted <= EXCERPT_IMAGES or cell.state == "card"
    return cell.attack == attack and same_first_images(cell.data, data) and few


def data_of(model: KnownModel) -> str | None:
    """Name of the data set that the model was trained on, as far as its card says."""
    name = data_set_of(str(model.card.get("data", "")))
    return "mnist" if name == "mnist_excerpt" else name or None


def trained_on_others(model: KnownModel, data: str) -> bool:
    """Whether its card says that it was trained on other images than those of a data set."""
    own = data_of(model)
    return own is not None and not same_first_images(own, data)


def published_row(model: KnownModel, data: str) -> Published | None:
    """The paper's row of a network trained like this one on this data set."""
    own, method = data_of(model), model.card.get("method")
    if own is None or method is None or trained_on_others(model, data):
        return None
    epsilon = (model.card.get("settings") or {}).get("epsilon", 0.0)
    return published_for(own, model.model, str(method), float(epsilon))


def _best(cells: list[Cell]) -> Cell | None:
    known = [c for c in cells if c.known]
    return max(known, key=lambda c: (c.images, c.state == "done"), default=None)


def _latest(cells: list[Cell]) -> Cell | None:
    newest = next((c for c in cells if c.state == "done"), None)
    return None if newest is _best(cells) else newest


def _active(cells: list[Cell]) -> Cell | None:
    """One that works or waits; else the newest that was stopped and would know more."""
    working = [c for c in cells if c.state in ("running", "queued")]
    if working:
        return working[-1]
    best = _best(cells)
    more = (c for c in cells if c.state == "stopped" and (best is None or c.wanted > best.images))
    return next(more, None)


# -- curves ----------------------------------------------------------------------------------


def best_cell(cells: list[Cell], model: KnownModel, attack: AttackConfig, data: str) -> Cell | None:
    """The figure about the most images that answers an attack on a data set, if any does."""
    return max(_answers(cells, model, attack, data), key=lambda c: c.images, default=None)


def curve_cells(
    cells: list[Cell], model: KnownModel, attacks: dict[float, AttackConfig], data: str
) -> dict[float, Cell]:
    """What is known of a curve, by its axis: figures about as many images each where there are
    such, or else the one about the most: a point about others would jut out of the curve.
    """
    found = {x: _answers(cells, model, attack, data) for x, attack in attacks.items()}
    found = {x: own for x, own in found.items() if own}
    counts = [{c.images for c in own} for own in found.values()]
    images = max(set.intersection(*counts), default=0) if counts else 0
    return {x: max(own, key=lambda c: (c.images == images, c.images)) for x, own in found.items()}


def missing_attacks(
    cells: list[Cell],
    model: KnownModel,
    attacks: dict[float, AttackConfig],
    data: str,
    images: int,
    line: dict[float, Cell],
) -> list[AttackConfig]:
    """What a curve about so many images, or more, still needs, where ``line`` is known of it."""
    counts = {c.images for c in line.values()}
    if len(line) == len(attacks) and len(counts) == 1 and min(counts) >= images:
        return []
    return [
        attack
        for attack in attacks.values()
        if all(c.images != images for c in _answers(cells, model, attack, data))
    ]


def _answers(cells: list[Cell], model: KnownModel, attack: AttackConfig, data: str) -> list[Cell]:
    return [
        c
        for c in cells
        if c.known
        and c.digest == model.digest
        and c.images
        and c.subset_seed is None
        and same_question(c, attack, data)
    ]


def autoattack_points(
    cells: list[Cell], model: KnownModel, data: str, norm: str
) -> dict[float, Cell]:
    """AutoAttack on a data set by epsilon, of each the figure about the most images."""
    found: dict[float, Cell] = {}
    for cell in cells:
        attack = cell.attack
        own = (attack.attack, attack.norm, attack.eot) == ("autoattack", norm, 1)
        if own and cell in _answers([cell], model, attack, data):
            known = found.get(attack.epsilon)
            if known is None or cell.images > known.images:
                found[attack.epsilon] = cell
    return dict(sorted(found.items()))


# -- words -----------------------------------------------------------------------------------


def percent(share: float | None, digits: int = 1) -> str:
    """As "96.2"; an en dash where there is none."""
    return "–" if share is None else f"{100 * share:.{digits}f}"


def interval_text(cell: Cell) -> str:
    """The 95% interval, as "94.9 to 97.3"."""
    low, high = cell.interval
    return f"{percent(low)} to {percent(high)}"


def attack_text(attack: AttackConfig) -> str:
    """The attack in words."""
    if attack.attack == "clean":
        return "no attack"
    size = f"ε = {attack.epsilon:g}" + (" in L2" if attack.norm == "l2" else "")
    if attack.attack == "autoattack":
        return f"AutoAttack, standard version, {size}"
    if attack.attack == "pgd-strong":
        rounds = f"{attack.restarts} rounds of " if attack.restarts > 1 else ""
        return (
            f"PGD on margin, scaled cross-entropy and DLR, {size}, {rounds}"
            f"{attack.steps} steps each that shrink from {attack.step:.3g}, random starts"
        )
    losses = {"pgd-xent": "cross-entropy", "pgd-margin": "margin"}.get(
        attack.attack, "margin, then cross-entropy"
    )
    restarts = f", {attack.restarts} restarts each" if attack.restarts > 1 else ""
    return (
        f"PGD on {losses}, {size}, {attack.steps} steps of {attack.step:.3g}"
        f"{restarts}, random start"
    )


def first_upper(text: str) -> str:
    """With a capital first letter, the others as they are."""
    return text[:1].upper() + text[1:]


def passes(attack: AttackConfig) -> int:
    """Passes forward and back an image takes at most, to tell how long it will be."""
    if attack.attack == "clean":
        return 1
    if attack.attack == "autoattack":
        return 3700
    return attack.steps * attack.restarts * len(ATTACKS[attack.attack]) * attack.eot
