"""Builds the wheel of this package with the standard library alone (PEP 517, PEP 427)."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NAME, VERSION = "itsd", "1.1.0"
INFO = f"{NAME}-{VERSION}.dist-info"


def _metadata() -> str:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return (
        f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n"
        "Summary: A client of itsd, the simulator of Arm's GICv3 interrupt translation service\n"
        "License: Apache-2.0\nRequires-Python: >=3.10\n"
        f"Description-Content-Type: text/markdown\n\n{readme}"
    )


WHEEL = "Wheel-Version: 1.0\nGenerator: itsd\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def _write(path: Path, files: dict[str, bytes]) -> None:
    record = ""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            record += f"{name},sha256={digest.decode()},{len(content)}\n"
            archive.writestr(name, content)
        archive.writestr(f"{INFO}/RECORD", record + f"{INFO}/RECORD,,\n")


def _info() -> dict[str, bytes]:
    return {f"{INFO}/METADATA": _metadata().encode(), f"{INFO}/WHEEL": WHEEL.encode()}


def build_wheel(
    wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None
) -> str:
    name = f"{NAME}-{VERSION}-py3-none-any.whl"
    sources = sorted((ROOT / NAME).iterdir())
    files = {f"{NAME}/{file.name}": file.read_bytes() for file in sources if file.is_file()}
    _write(Path(wheel_directory) / name, files | _info())
    return name


def build_editable(
    wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None
) -> str:
    name = f"{NAME}-{VERSION}-py3-none-any.whl"
    _write(Path(wheel_directory) / name, {f"{NAME}.pth": f"{ROOT}\n".encode()} | _info())
    return name


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    raise NotImplementedError("install from the folder: pip install ./Clients/python")
