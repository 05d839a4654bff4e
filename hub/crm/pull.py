"""The kit for a system that fetches: it plays the hub's ``GET /deliveries`` with what goes wrong there, and watches the
system's program."""

from collections.abc import Callable

from hub.crm import script
from hub.crm.clauses import Way
from hub.crm.play import Notes
from hub.crm.report import Result, results
from hub.crm.script import Piece
from hub.crm.shelf import RETRY_AFTER_S, Answered, Mood, Shelf
from hub.errors import Unavailable

_CLOSE_S = 0.3
Progress = Callable[[str], None]


def run(notes: Notes, shelf: Shelf, wait_s: float, progress: Progress) -> list[Result]:
    """Watch the program that fetches from ``shelf``. ``wait_s``: how long it may take until its next call, and until a
    piece is answered, seconds. Raises ``Unavailable`` when no program calls."""
    progress("wait for the program")
    if not shelf.wait(lambda: shelf.pages, wait_s):
        remedy = "check its address of this command, its token, and the firewall between them"
        raise Unavailable(f"no program has called GET /deliveries with the token within {wait_s:.0f} s: {remedy}")
    for step in (_pieces, _lost, _untaken, _busy, _unknown_after):
        progress(step.__name__.strip("_").replace("_", " "))
        step(notes, shelf, wait_s)
    _calls(notes, shelf)
    return results(notes.seen, Way.PULL)


def _pieces(notes: Notes, shelf: Shelf, wait_s: float) -> None:
    """10.3, 10.4: each piece of an application, and what cannot be taken."""
    first = script.rare(notes)
    if not _answered(notes, shelf, [first], wait_s):
        return
    pieces = [*script.after(notes, first.number), *script.wrong(notes)]
    _answered(notes, shelf, pieces, wait_s)


def _answered(notes: Notes, shelf: Shelf, pieces: list[Piece], wait_s: float) -> bool:
    """Show these, and look at each answer. Returns whether all were right."""
    shelf.show(*pieces)
    shelf.wait(lambda: all(shelf.answer(one) for one in pieces), wait_s)
    right = [_judge(notes, one, shelf.answer(one)) for one in pieces]
    return all(right)


def _judge(notes: Notes, piece: Piece, said: Answered | None) -> bool:
    if said is None:
        told = f"{piece.what} 没有得到答复", f"a {piece.what} got no answer"
        return notes.hold("10.3", False, *told)
    if not said.well_formed:
        told = f"{piece.what} 的答复不可读：{said.why}", f"the answer to a {piece.what} cannot be read: {said.why}"
        return notes.hold("10.3", False, *told)
    if piece.good:
        told = f"{piece.what} 被拒收", f"a {piece.what} was refused"
        return notes.hold("10.3", said.taken, *told)
    told = f"{piece.wrong[0]}被确认", f"{piece.wrong[1]} was acknowledged"
    return notes.hold("10.4", not said.taken, *told)


def _lost(notes: Notes, shelf: Shelf, wait_s: float) -> None:
    """10.4: the acknowledgement gets no answer, and the piece is shown again."""
    piece = script.registration(notes)
    shelf.moods = [Mood.HANG_UP, Mood.BUSY]
    shelf.show(piece)
    shelf.wait(lambda: shelf.answer(piece), wait_s)
    said = [one for one in shelf.heard if one.key == piece.key]
    told = "没有等到应答的确认，没有再次作出", "an acknowledgement that got no answer was not given again"
    if not notes.hold("10.4", shelf.answer(piece) is not None and len(said) > 1, *told):
        return
    numbers = {one.number for one in said}
    told = (
        f"同一键先后给出 {len(numbers)} 个不同的编号：确认时尚未保存",
        f"one key was given {len(numbers)} different numbers: it was acknowledged before it was stored",
    )
    notes.hold("10.4", len(numbers) == 1, *told)


def _untaken(notes: Notes, shelf: Shelf, wait_s: float) -> None:
    """10.5: answers that the hub does not take."""
    others, last = [script.registration(notes) for _ in range(2)], script.registration(notes)
    shelf.moods = [Mood.CONFLICT, Mood.UNKNOWN]
    shelf.show(*others, last)
    shelf.wait(lambda: shelf.answer(last), wait_s)
    told = "枢纽应答 409、404 之后，其余各件没有答复", "after 409 and 404 from the hub, the other pieces got no answer"
    notes.hold("10.5", shelf.answer(last), *told)
    shelf.moods = []


def _busy(notes: Notes, shelf: Shelf, wait_s: float) -> None:
    """10.2: the hub is busy, or its answer breaks off."""
    for mood in (Mood.BUSY, Mood.TOO_MANY, Mood.BROKEN):
        before, piece = len(shelf.pages), script.registration(notes)
        shelf.page_moods = [mood]
        shelf.show(piece)
        shelf.wait(lambda: shelf.answer(piece), wait_s)  # noqa: B023 - it is called in this round only
        pages = shelf.pages[before:]
        told = f"应答{mood.value[0]}之后没有再来取", f"after {mood.value[1]} the program did not come again"
        if not notes.hold("10.2", shelf.answer(piece) and len(pages) > 1, *told) or mood is Mood.BROKEN:
            continue
        wait = pages[1].at_s - pages[0].at_s
        told = (
            f"应答{mood.value[0]}（Retry-After: {RETRY_AFTER_S}）之后 {wait:.1f} 秒就再来",
            f"after {mood.value[1]} with Retry-After: {RETRY_AFTER_S} it came again after {wait:.1f} s",
        )
        notes.hold("10.2", wait >= RETRY_AFTER_S - _CLOSE_S, *told)


def _unknown_after(notes: Notes, shelf: Shelf, wait_s: float) -> None:
    """10.6: the hub does not know a place that it gave before."""
    if not any(page.after for page in shelf.pages):
        told = "程序从不带 after", "the program never sends after"
        notes.unseen("10.6", *told)
        return
    piece = script.registration(notes)
    shelf.forget()
    shelf.show(piece)
    shelf.wait(lambda: shelf.answer(piece), wait_s)
    told = "after 被拒绝之后，程序仍带着它", "after its place was refused, the program still sent it"
    notes.hold("10.6", shelf.answer(piece), *told)


def _calls(notes: Notes, shelf: Shelf) -> None:
    """10.1, 10.3: what all calls have in common, and the numbers of all applications."""
    for number, given in shelf.registered():
        notes.owns("10.3", number, given)
    strangers = shelf.strangers
    told = f"{strangers} 次调用没有令牌，或令牌错误", f"{strangers} calls had no token, or a wrong one"
    notes.hold("10.1", not strangers, *told)
    strange = sum(page.after not in ("", *shelf.given) for page in shelf.pages)
    told = f"{strange} 次调用的 after 不是枢纽给出的", f"{strange} calls had an after that the hub never gave"
    notes.hold("10.1", not strange, *told)
