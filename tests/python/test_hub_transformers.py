"""Our hub as `transformers` uses it, with HF_ENDPOINT alone."""

import json

import pytest

import clients

pytest.importorskip("transformers")

SAVE = """
import sys
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, PreTrainedTokenizerFast

folder, repo = sys.argv[1:]
words = {"[UNK]": 0, "[PAD]": 1, "hello": 2, "hub": 3, "枢纽": 4}
tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]")
fast.save_pretrained(folder)
fast.push_to_hub(repo, private=True)
BertConfig(hidden_size=48, num_attention_heads=4, vocab_size=5).push_to_hub(repo)
"""

LOAD = """
import json, sys
from transformers import AutoConfig, AutoTokenizer

repo, revision = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(repo, revision=revision)
config = AutoConfig.from_pretrained(repo, revision=revision)
print(json.dumps([tokenizer("hello 枢纽 nobody").input_ids, config.hidden_size]))
"""


@pytest.mark.parametrize("xet", [False, True], ids=["lfs", "xet"])
def test_a_tokenizer_and_a_config(hub, tmp_path, xet):
    token = hub.token_add("ada", "--write")
    writer = clients.environment(hub.endpoint, token, tmp_path / "writer", xet=xet)
    clients.python(SAVE, writer, tmp_path / "saved", "ada/tiny")
    assert (tmp_path / "saved/tokenizer.json").exists()
    clients.hf(writer, "repos", "tag", "create", "ada/tiny", "v1")
    reader = clients.environment(hub.endpoint, token, tmp_path / "reader", xet=xet)
    for revision in "main", "v1":
        assert json.loads(clients.python(LOAD, reader, "ada/tiny", revision)) == [[2, 4, 0], 48]
    # What the cache has serves without the hub.
    hub.stop()
    away = {**reader, "HF_HUB_OFFLINE": "1"}
    assert json.loads(clients.python(LOAD, away, "ada/tiny", "v1")) == [[2, 4, 0], 48]
