"""Our hub as `datasets` uses it, with HF_ENDPOINT alone."""

import json

import pytest

import clients

pytest.importorskip("datasets")

PUSH = """
import sys
from datasets import Dataset, DatasetDict

repo = sys.argv[1]
train = Dataset.from_dict({"id": list(range(1000)), "text": [f"row {i} 行" for i in range(1000)]})
DatasetDict({"train": train, "test": train.select(range(10))}).push_to_hub(repo, private=True)
train.select(range(50)).push_to_hub(repo, config_name="small", num_shards=2)
"""

LOAD = """
import json, sys
from datasets import get_dataset_config_names, load_dataset

repo = sys.argv[1]
both = load_dataset(repo, "default")
small = load_dataset(repo, "small", split="train")
streamed = load_dataset(repo, "default", split="train", streaming=True)
print(json.dumps([
    sorted(get_dataset_config_names(repo)),
    {name: len(part) for name, part in both.items()},
    both["train"][999],
    [len(small), small[49]["text"]],
    [row["id"] for row in streamed.skip(500).take(2)],
]))
"""

APPEND = """
import sys
from datasets import Dataset

repo = sys.argv[1]
Dataset.from_dict({"id": [7], "text": ["later"]}).push_to_hub(repo, split="test")
"""


@pytest.mark.parametrize("xet", [False, True], ids=["lfs", "xet"])
def test_a_data_set_of_parquet_files(hub, tmp_path, xet):
    token = hub.token_add("ada", "--write")
    writer = clients.environment(hub.endpoint, token, tmp_path / "writer", xet=xet)
    clients.python(PUSH, writer, "ada/rows")
    reader = clients.environment(hub.endpoint, token, tmp_path / "reader", xet=xet)
    assert json.loads(clients.python(LOAD, reader, "ada/rows")) == [
        ["default", "small"],
        {"train": 1000, "test": 10},
        {"id": 999, "text": "row 999 行"},
        [50, "row 49 行"],
        [500, 501],
    ]
    # A split that is pushed again replaces its files and leaves the others.
    clients.python(APPEND, writer, "ada/rows")
    found = json.loads(clients.python(LOAD, reader, "ada/rows"))
    assert found[1] == {"train": 1000, "test": 1}
    assert clients.came_by_xet(hub.root) == xet
