"""Execute the notebooks of this folder and write their outputs into them: python notebooks/execute.py

The outputs are committed, so that a reader of the repository sees the figures; tests/test_notebooks.py executes the notebooks
again and keeps what is committed free of paths, times and errors. Execute after a change of a notebook, or of the model.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

HERE = Path(__file__).parent
CELL_LIMIT_S = 60


def execute(path: Path) -> nbformat.NotebookNode:
    """The notebook as it is after all its cells have run, from the first to the last, in a kernel of its own.

    The kernel imports Radloop from this checkout, is spoken to over sockets in a temporary folder, and leaves nothing behind.
    Raises nbclient's CellExecutionError.
    """
    notebook = nbformat.read(path, as_version=4)
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
        client.execute(env={**os.environ, "PYTHONPATH": str(HERE.parent), "IPYTHONDIR": folder})
    notebook.metadata["language_info"] = {"name": "python"}  # without the version of Python
    return notebook


if __name__ == "__main__":
    for notebook in sorted(HERE.glob("*.ipynb")):
        nbformat.write(execute(notebook), notebook)
        print(notebook.name)
