import io
import zipfile

from levelset_core.runs import work_here, zip_chunks


def test_a_zip_holds_every_file_but_locks_and_half_written_ones(store):
    run = store.create("tiny", {}, steps=20, device="cpu", inputs={"cloud.xyz": b"1 2 3\n" * 9})
    work_here(store, run)
    (run.artifacts / ".mesh.ply.77.partial").write_bytes(b"half")
    (run.artifacts / "big.npy").write_bytes(bytes(3_000_000))
    (run.artifacts / "secret").symlink_to("/etc/passwd")
    chunks = list(zip_chunks(run))
    assert max(map(len, chunks)) < 2_000_000  # sent as it is made
    with zipfile.ZipFile(io.BytesIO(b"".join(chunks))) as archive:
        assert archive.testzip() is None
        names = {name.removeprefix(f"{run.id}/") for name in archive.namelist()}
        assert archive.read(f"{run.id}/config.json") == (run.path / "config.json").read_bytes()
    assert {"inputs/cloud.xyz", "artifacts/weights.npy", "artifacts/big.npy"} <= names
    assert {"checkpoint.safetensors", "metrics.jsonl", "status.json", "result.json"} <= names
    assert not any(name in {"lock", "artifacts/secret"} or "partial" in name for name in names)
