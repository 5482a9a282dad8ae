"""Files stay small enough to have one subject: none has more than 600 lines without a reason in docs/architecture.md."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
MOST = 600
FOLDERS = ("rushlight", "tests", "parity", "bench", "docs", "examples", ".ci")


def long_files():
    """The Python files above the limit; inputs of tests are as their authors wrote them."""
    files = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return {
        path.relative_to(ROOT).as_posix()
        for path in files
        if (ROOT / "tests" / "data") not in path.parents and len(path.read_text(encoding="utf-8").splitlines()) > MOST
    }


def excused():
    """What docs/architecture.md says of each long file, by its path."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.partition("\n## Long files\n")[2].partition("\n## ")[0]
    items = [line.removeprefix("- `").partition("`: ") for line in section.splitlines() if line.startswith("- `")]
    return {path: reason for path, _, reason in items}


def test_every_long_file_has_a_reason_and_every_reason_a_long_file():
    reasons = excused()
    assert set(reasons) == long_files(), "find the seam of a file that is too long; strike out what is none any more"
    assert all(len(reason.split()) >= 5 for reason in reasons.values()), reasons
