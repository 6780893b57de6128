"""Builds the wheels: python3 build_wheel.py VERSION BINARIES OUT

BINARIES holds the programs as the release has them, one folder a platform
(linux_amd64/understudy, windows_arm64/understudy.exe); OUT gets a wheel for each
that is there. Nothing but the standard library is needed.
"""

from __future__ import annotations

import base64
import hashlib
import pathlib
import re
import sys
import tomllib
import zipfile

HERE = pathlib.Path(__file__).parent
# A static program needs no libc, so that one wheel serves glibc and musl alike.
PLATFORMS = {
    "linux_amd64": ["manylinux_2_17_x86_64", "musllinux_1_1_x86_64"],
    "linux_arm64": ["manylinux_2_17_aarch64", "musllinux_1_1_aarch64"],
    "darwin_amd64": ["macosx_12_0_x86_64"],
    "darwin_arm64": ["macosx_12_0_arm64"],
    "windows_amd64": ["win_amd64"],
    "windows_arm64": ["win_arm64"],
}


def build(version: str, platform: str, program: pathlib.Path, out: pathlib.Path) -> pathlib.Path:
    """Writes one wheel."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    name = project["name"].replace("-", "_")
    info = f"{name}-{version}.dist-info"
    tags = PLATFORMS[platform]
    files: dict[str, tuple[bytes, int]] = {}
    for source in sorted((HERE / "understudy").glob("*")):
        if source.suffix == ".py" or source.name == "py.typed":
            files[f"understudy/{source.name}"] = (source.read_bytes(), 0o644)
    files[f"understudy/bin/{program.name}"] = (program.read_bytes(), 0o755)
    files[f"{info}/METADATA"] = (
        (
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\nSummary: {project['description']}\n"
            f"License: {project['license']['text']}\nRequires-Python: {project['requires-python']}\n"
            "Description-Content-Type: text/markdown\n\n" + (HERE / project["readme"]).read_text()
        ).encode(),
        0o644,
    )
    files[f"{info}/WHEEL"] = (
        ("Wheel-Version: 1.0\nGenerator: understudy\nRoot-Is-Purelib: false\n" + "".join(f"Tag: py3-none-{t}\n" for t in tags)).encode(),
        0o644,
    )
    entries = "[console_scripts]\n" + "".join(f"{k} = {v}\n" for k, v in project["scripts"].items())
    for group, points in project["entry-points"].items():
        entries += f"\n[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items())
    files[f"{info}/entry_points.txt"] = (entries.encode(), 0o644)

    record = ""
    for path, (content, _) in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(content)}\n"
    files[f"{info}/RECORD"] = ((record + f"{info}/RECORD,,\n").encode(), 0o644)

    wheel = out / f"{name}-{version}-py3-none-{'.'.join(tags)}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, (content, mode) in files.items():
            member = zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0))  # the same bytes every time
            member.external_attr = (0o100000 | mode) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, content)
    return wheel


def normal(version: str) -> str:
    """A release's version as Python spells it: 1.2.3-rc.1 is 1.2.3rc1."""
    short = {"alpha": "a", "beta": "b", "rc": "rc"}
    version = re.sub(r"-(alpha|beta|rc)\.?(\d+)$", lambda found: short[found[1]] + found[2], version)
    if not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version):
        sys.exit(f"{version} is no version such as 1.2.3 or 1.2.3-rc.1")
    return version


def main() -> None:
    """Builds what there is a program for."""
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    version, binaries, out = normal(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    for platform in PLATFORMS:
        program = binaries / platform / ("understudy.exe" if platform.startswith("windows") else "understudy")
        if program.exists():
            print(build(version, platform, program, out))


if __name__ == "__main__":
    main()
