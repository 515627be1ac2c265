"""Execute the notebooks of this folder and write their outputs into them: python notebooks/execute.py

The outputs are committed, so that a reader of the repository sees the figures. They follow from the seed: where nothing has
changed, executing again changes no byte. tests/test_notebooks.py executes the notebooks too, and keeps what is committed free
of paths, times and errors.
"""

import os
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config

HERE = Path(__file__).parent
CELL_LIMIT_S = 60


def execute(path: Path) -> NotebookNode:
    """The notebook as it is after all its cells have run, from the first to the last, in a kernel of its own.

    The kernel imports Radloop from this checkout; its sockets and its settings are in a temporary folder. Raises nbclient's
    CellExecutionError and CellTimeoutError.
    """
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    with TemporaryDirectory() as folder:
        connection = {"transport": "ipc", "connection_file": str(Path(folder, "kernel.json"))}
        client = NotebookClient(
            notebook,
            config=Config(KernelManager=connection),
            kernel_name="python3",
            timeout=CELL_LIMIT_S,
            record_timing=False,
            resources={"metadata": {"path": str(path.parent)}},
        )
        inline = "module://matplotlib_inline.backend_inline"
        own = {"PYTHONPATH": str(HERE.parent), "IPYTHONDIR": folder, "MPLBACKEND": inline}
        client.execute(env={**os.environ, **own})
    notebook.metadata["language_info"] = {"name": "python"}  # without the version of Python
    notebook.metadata["executed_sha256"] = source_digest(notebook)
    return notebook


def source_digest(notebook: NotebookNode) -> str:
    """SHA-256 of the code, in hexadecimal: it tells outputs of this code from outputs of an earlier one."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return sha256("\n\n".join(sources).encode()).hexdigest()


if __name__ == "__main__":
    for path in sorted(HERE.glob("*.ipynb")):
        nbformat.write(execute(path), path)  # type: ignore[no-untyped-call]
        print(path.name)
