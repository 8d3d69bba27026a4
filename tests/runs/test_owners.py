"""Whose a run is: what others see, and what they cannot do."""

import io
import zipfile

import pytest

from levelset_core.errors import LevelsetError
from levelset_core.robustness.models import UPLOADS
from levelset_core.runs import RunStore, Viewer, start, summary, zip_chunks

ANNA, BERT, ADMIN = Viewer("anna@x.org"), Viewer("bert@x.org"), Viewer("admin@x.org", admin=True)


@pytest.fixture
def of(store):
    """The same folder, as somebody sees it."""
    return lambda viewer: RunStore(store.root, viewer)


def make(store, name="run"):
    return store.create("tiny", {}, steps=3, name=name, device="cpu")


def test_others_see_nothing_of_a_run_until_it_is_public(store, of):
    run = make(of(ANNA))
    assert run.owner == "anna@x.org" and not run.public
    assert [r.id for r in of(ANNA).runs()] == [r.id for r in of(ADMIN).runs()] == [run.id]
    assert of(BERT).runs() == [] and of(BERT).of_kind("tiny") == []
    for look in (of(BERT).get, of(BERT).find):
        with pytest.raises(LevelsetError, match="no run"):
            look(run.id)
    of(ANNA).share(run, True)
    assert of(BERT).get(run.id).id == run.id and summary(run)["public"]
    of(ANNA).share(run, False)
    assert of(BERT).runs() == []


def test_others_change_nothing_not_even_of_a_public_run(store, of):
    run = make(of(ANNA))
    of(ANNA).share(run, True)
    bert = of(BERT)
    for change in (
        bert.submit,
        bert.cancel,
        bert.kill,
        bert.delete,
        lambda r: bert.share(r, False),
    ):
        with pytest.raises(LevelsetError, match="somebody else"):
            change(run)
    assert run.path.is_dir() and run.public and run.status().state == "interrupted"
    of(ADMIN).delete(run)
    assert not run.path.exists()


def test_old_runs_are_this_machines_and_the_admins(store, of):
    run = make(store)
    assert run.owner is None and store.runs()
    assert of(ADMIN).runs() and of(ADMIN).mine(run)
    assert of(ANNA).runs() == []


def test_this_machine_sees_all(store, of):
    make(of(ANNA)), make(of(BERT))
    assert len(store.runs()) == 2 and all(map(store.mine, store.runs()))


def test_a_zip_does_not_tell_the_owner(store, of):
    run = make(of(ANNA))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(zip_chunks(run))))
    assert f"{run.id}/config.json" in archive.namelist()
    assert not any(b"anna@x.org" in archive.read(name) for name in archive.namelist())
    assert not any(name.endswith("/owner") for name in archive.namelist())


def test_the_same_work_of_somebody_else_is_not_handed_out(store, of, monkeypatch):
    monkeypatch.setattr("levelset_core.runs.queue._start", lambda run, status: False)
    first = start("tiny", {}, store=of(ANNA), device="cpu")
    of(ANNA).share(first.run, True)
    again, other = (start("tiny", {}, store=of(who), device="cpu") for who in (ANNA, BERT))
    assert again.run.id == first.run.id and not again.new
    assert other.new and other.run.owner == "bert@x.org"


def test_uploads_are_kept_apart(store, of):
    own = of(ANNA).own_folder(UPLOADS)
    assert own != of(BERT).own_folder(UPLOADS) != store.own_folder(UPLOADS)
    own.mkdir(parents=True)
    assert of(BERT).folders(UPLOADS) == [of(BERT).own_folder(UPLOADS)]
    assert own in of(ADMIN).folders(UPLOADS) and own in store.folders(UPLOADS)
