"""Prints what the development environment needs of Python, one requirement a line.

That is what pyproject.toml asks for: to build the module, and the extra `test`.
"""

import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
needed = project["build-system"]["requires"] + project["project"]["optional-dependencies"]["test"]
print("\n".join(sorted(needed)))
