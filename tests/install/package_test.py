"""Looks at hubdist as pip installed it into an empty environment.

Usage: package_test.py VENV. The module and the program must work together, without the source tree,
without huggingface_hub or anything else.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from install_test import clean_environment, run, serving_hub

DOWNLOAD = """
import sys, hubdist
path = hubdist.snapshot_download("org/model")
print(hubdist.__version__, path)
foreign = {"huggingface_hub", "tqdm", "numpy"} & set(sys.modules)
assert not foreign, foreign
"""


def main() -> int:
    """Installed files, versions, and a download; 0 when all of it works."""
    venv = Path(sys.argv[1]).resolve()
    program, python = venv / "bin" / "hubdist", venv / "bin" / "python"
    listing = "import hubdist, os; print(os.path.dirname(hubdist.__file__))"
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        package = Path(run(python, "-c", listing, cwd=work, env=clean_environment()).strip())
        assert package.is_relative_to(venv), f"{package} is not in {venv}"
        assert (package / "py.typed").exists(), "the package has no py.typed"
        assert (package / "_core.pyi").exists(), "the package has no _core.pyi"
        headers = [*venv.rglob("*.h"), *venv.rglob("lib*.a")]
        assert not headers, f"the wheel brings files for C++: {headers[:3]}"

        model = work / "model"
        model.mkdir()
        (model / "model.safetensors").write_bytes(bytes(range(256)) * 20_000)
        with serving_hub(program, model, work) as endpoint:
            environment = clean_environment(
                HF_ENDPOINT=endpoint, HF_HOME=work / "cache", HUBDIST_HOME=work / "home"
            )
            said = run(python, "-c", DOWNLOAD, cwd=work, env=environment).split()
    version = run(program, "version").split()[1]
    assert said[0] == version, f"module {said[0]}, program {version}"
    assert Path(said[1]).is_relative_to(folder), said[1]
    shown = subprocess.run([program, "get"], capture_output=True, text=True)
    assert shown.returncode == 2, f"wrong usage ends with {shown.returncode}"
    print(f"package: hubdist {version} installed, imported and run from an empty environment")
    return 0


if __name__ == "__main__":
    sys.exit(main())
