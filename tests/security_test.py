"""Looks whether every test that docs/security.md names is there, in the file that it names."""

import re
import sys
from pathlib import Path

REFERENCE = re.compile(r'`(tests/[^`]+)` "([^"]+)"')


def is_there(text: str, path: str, name: str) -> bool:
    """Whether a file of tests has a case of that name."""
    if path.endswith(".py"):
        return re.search(rf"^def {re.escape(name)}\(", text, re.MULTILINE) is not None
    joined = re.sub(r'"\s*\n\s*"', "", text)  # a name that goes over two lines
    return re.search(rf'TEST_CASE(_FIXTURE)?\([^"]*"{re.escape(name)}"\)', joined) is not None


def missing(root: Path) -> tuple[list[str], int]:
    """The tests that are named but not there, and how many are named."""
    references = REFERENCE.findall((root / "docs/security.md").read_text())
    wrong = []
    for path, name in references:
        file = root / path
        if not file.exists() or not is_there(file.read_text(), path, name):
            wrong.append(f'docs/security.md names "{name}" in {path}, which is not there')
    return wrong, len(references)


def main() -> int:
    """Prints what is wrong; 0 when nothing is."""
    assert is_there('TEST_CASE_FIXTURE(Fixture, "a"\n          " b") {', "x.cc", "a b")
    assert not is_there('TEST_CASE("a b c") {', "x.cc", "a b")
    assert is_there("def test_a(hub):\n", "x.py", "test_a")
    assert not is_there("def test_ab(hub):\n", "x.py", "test_a")
    wrong, count = missing(Path(__file__).parent.parent)
    for line in wrong:
        print(line)
    print(f"security: {count} tests named, {len(wrong)} missing")
    return 1 if wrong or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
