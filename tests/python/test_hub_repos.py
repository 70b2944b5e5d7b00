"""Repositories, branches and rights on our hub, by the real huggingface_hub."""

import hashlib
import subprocess

import huggingface_hub as hf
import pytest
from huggingface_hub import errors

from hub_writer import (  # noqa: F401
    WEIGHTS,
    api,
    contents,
    put,
    repo,
    token,
    without_xet,
)

# --- Repositories ---------------------------------------------------------------------------------


def test_a_new_repository(api, repo):
    url = api.create_repo(repo, exist_ok=True)
    assert (url.repo_id, url.endpoint) == (repo, api.endpoint)
    with pytest.raises(errors.HfHubHTTPError) as there:
        api.create_repo(repo)
    assert there.value.response.status_code == 409
    assert api.list_repo_files(repo) == [".gitattributes"]
    (first,) = api.list_repo_commits(repo)
    assert (first.title, first.authors) == ("initial commit", ["ada"])
    assert api.repo_info(repo).author == "ada"
    assert not api.repo_info(repo).private


def test_data_sets_spaces_and_names_alone(api):
    assert api.create_repo("ada/data", repo_type="dataset").repo_type == "dataset"
    assert api.create_repo("ada/space", repo_type="space", space_sdk="static").repo_id
    assert api.create_repo("mine").repo_id == "ada/mine"
    put(api, "a.parquet", b"PAR1", "ada/data", repo_type="dataset")
    assert api.file_exists("ada/data", "a.parquet", repo_type="dataset")


def test_settings(hub, api, repo):
    eve = hf.HfApi(endpoint=hub.endpoint, token=hub.token_add("eve", "--write"))
    api.update_repo_settings(repo, private=True)
    assert not eve.repo_exists(repo)
    assert api.repo_info(repo).private
    api.update_repo_settings(repo, private=False, gated="manual")
    assert eve.repo_info(repo).gated == "manual"
    api.update_repo_settings(repo, gated=False)
    assert eve.repo_info(repo).gated is False
    api.create_repo("ada/secret", private=True)
    assert not eve.repo_exists("ada/secret")


def test_move(api, repo, tmp_path):
    commit = put(api, "model.safetensors", WEIGHTS)
    api.create_repo("ada/other")
    with pytest.raises(errors.HfHubHTTPError) as there:
        api.move_repo(repo, "ada/other")
    assert there.value.response.status_code == 409
    api.move_repo(repo, "ada/renamed")
    assert api.repo_info("ada/renamed").sha == commit
    assert api.repo_info(repo).id == "ada/renamed"  # the old name leads there
    assert contents(api, "ada/renamed", tmp_path) == {"model.safetensors": WEIGHTS}
    api.create_repo(repo)  # until something else takes it
    assert api.list_repo_files(repo) == [".gitattributes"]
    api.move_repo("ada/renamed", "ada/again")
    assert api.repo_info("ada/again").sha == commit
    assert {m.id for m in api.list_models()} == {repo, "ada/again", "ada/other"}


def test_delete(api, repo):
    old = put(api, "a.txt", b"a")
    api.delete_repo(repo)
    assert not api.repo_exists(repo)
    with pytest.raises(errors.RepositoryNotFoundError):
        api.delete_repo(repo)
    api.delete_repo(repo, missing_ok=True)
    api.create_repo(repo)
    assert api.list_repo_files(repo) == [".gitattributes"]
    assert not api.revision_exists(repo, old)  # nothing of the old one is in the new one


# --- Branches and tags ----------------------------------------------------------------------------


def test_branches_and_tags(api, repo, tmp_path):
    first = put(api, "a.txt", b"1")
    second = put(api, "a.txt", b"2")
    api.create_branch(repo, branch="feature/x", revision=first)
    api.create_branch(repo, branch="dev")
    with pytest.raises(errors.HfHubHTTPError) as there:
        api.create_branch(repo, branch="dev")
    assert there.value.response.status_code == 409
    api.create_branch(repo, branch="dev", exist_ok=True)
    api.create_tag(repo, tag="v1", revision=first, tag_message="The first")
    api.create_tag(repo, tag="v1", exist_ok=True)
    on_branch = put(api, "b.txt", b"b", revision="feature/x")
    refs = api.list_repo_refs(repo)
    branches = {b.name: b.target_commit for b in refs.branches}
    assert branches == {"main": second, "dev": second, "feature/x": on_branch}
    assert {t.name: t.target_commit for t in refs.tags} == {"v1": first}
    assert contents(api, repo, tmp_path / "v1", revision="v1") == {"a.txt": b"1"}
    assert contents(api, repo, tmp_path / "x", revision="feature/x")["b.txt"] == b"b"
    with pytest.raises(errors.RevisionNotFoundError):
        put(api, "c.txt", b"c", revision="v1")  # a tag stays where it is
    with pytest.raises(errors.RevisionNotFoundError):
        api.create_branch(repo, branch="z", revision="nowhere")
    api.delete_branch(repo, branch="feature/x")
    api.delete_tag(repo, tag="v1")
    with pytest.raises(errors.RevisionNotFoundError):
        api.delete_tag(repo, tag="v1")
    with pytest.raises(errors.HfHubHTTPError):
        api.delete_branch(repo, branch="main")
    with pytest.raises(errors.BadRequestError):
        api.create_branch(repo, branch="a..b")
    assert [b.name for b in api.list_repo_refs(repo).branches] == ["dev", "main"]


def test_super_squash(api, repo, tmp_path):
    for i in range(3):
        put(api, "a.txt", b"%d" % i)
    api.super_squash_history(repo, commit_message="One for all")
    (only,) = api.list_repo_commits(repo)
    assert only.title == "One for all"
    assert contents(api, repo, tmp_path) == {"a.txt": b"2"}


# --- Who may write --------------------------------------------------------------------------------


def test_tokens_that_read(hub, api, repo):
    reader = hf.HfApi(endpoint=hub.endpoint, token=hub.token_add("ada"))
    assert reader.whoami()["auth"]["accessToken"]["role"] == "read"
    assert api.whoami()["auth"]["accessToken"]["role"] == "write"
    for write_something in (
        lambda: put(reader, "a.txt", b"a"),
        lambda: reader.create_repo("ada/other"),
        lambda: reader.delete_repo(repo),
        lambda: reader.create_branch(repo, branch="b"),
        lambda: reader.super_squash_history(repo),
        lambda: reader.update_repo_settings(repo, private=True),
        lambda: reader.move_repo(repo, "ada/other"),
    ):
        with pytest.raises(errors.HfHubHTTPError) as refused:
            write_something()
        assert refused.value.response.status_code == 403
        assert "may only read" in str(refused.value)
    assert api.list_repo_files(repo) == [".gitattributes"]


def test_strangers_and_nobody(hub, api, repo):
    eve = hf.HfApi(endpoint=hub.endpoint, token=hub.token_add("eve", "--write"))
    nobody = hf.HfApi(endpoint=hub.endpoint, token=False)
    for who, status in ((eve, 403), (nobody, 401)):
        for write_something in (
            lambda who=who: put(who, "a.txt", b"a"),
            lambda who=who: who.create_repo("ada/other"),
            lambda who=who: who.create_tag(repo, tag="t"),
            lambda who=who: who.delete_repo(repo),
        ):
            with pytest.raises(errors.HfHubHTTPError) as refused:
                write_something()
            assert refused.value.response.status_code == status
    api.update_repo_settings(repo, private=True)
    with pytest.raises(errors.RepositoryNotFoundError):
        put(eve, "a.txt", b"a")


def test_organisations(hub, api):
    hub.run("org", "add", "lab")
    writer, admin, member = (
        hf.HfApi(endpoint=hub.endpoint, token=hub.token_add(name, "--write"))
        for name in ("wim", "ann", "max")
    )
    for name, role in (("wim", "write"), ("ann", "admin"), ("max", "read")):
        hub.run("org", "member", "lab", name, "--role", role)
    assert [(o["name"], o["roleInOrg"]) for o in writer.whoami()["orgs"]] == [("lab", "write")]
    writer.create_repo("lab/model", private=True)
    put(writer, "a.txt", b"a", "lab/model")
    assert member.list_repo_files("lab/model") == [".gitattributes", "a.txt"]
    assert not api.repo_exists("lab/model")
    with pytest.raises(errors.HfHubHTTPError):
        put(member, "b.txt", b"b", "lab/model")
    with pytest.raises(errors.HfHubHTTPError):
        writer.delete_repo("lab/model")
    admin.move_repo("lab/model", "lab/renamed")
    hub.run("org", "member", "lab", "max", "--role", "none")
    assert not member.repo_exists("lab/renamed")
    admin.delete_repo("lab/renamed")


def test_accounts_on_the_command_line(hub, api, tmp_path):
    hub.run("user", "add", "bob")
    assert [line.split("\t")[0] for line in hub.run("user", "list").splitlines()] == ["ada", "bob"]
    file = tmp_path / "token"
    assert hub.token_add("bob", "--write", "--name", "laptop", "--output", file) == ""
    assert file.stat().st_mode & 0o777 == 0o600
    bob = hf.HfApi(endpoint=hub.endpoint, token=file.read_text().strip())
    assert bob.whoami()["auth"]["accessToken"]["displayName"] == "laptop"
    ((identifier, *facts),) = (x.split("\t") for x in hub.run("token", "list", "bob").splitlines())
    assert (facts[0], facts[1], facts[3]) == ("bob", "write", "laptop")
    hub.run("token", "revoke", identifier)
    with pytest.raises(errors.HfHubHTTPError):
        bob.whoami()
    own = "x" * 20 + "y" * 20
    command = [hub.program, "hub", "token", "add", "bob", "--stdin", "--root", hub.root]
    subprocess.run(command, input=own + "\n", text=True, check=True)
    assert hf.HfApi(endpoint=hub.endpoint, token=own).whoami()["name"] == "bob"
    hub.run("user", "remove", "bob")
    with pytest.raises(errors.HfHubHTTPError):
        hf.HfApi(endpoint=hub.endpoint, token=own).whoami()


def test_fsck(hub, api, repo):
    put(api, "a.txt", b"a")
    put(api, "model.safetensors", WEIGHTS)
    assert hub.run("fsck").endswith("all is whole\n")
    (blob,) = hub.root.glob(f"blobs/*/{hashlib.sha256(WEIGHTS).hexdigest()}")
    blob.write_bytes(b"x" + WEIGHTS[1:])
    command = [hub.program, "hub", "fsck", "--root", hub.root]
    assert subprocess.run([*command, "--quick"], capture_output=True).returncode == 0
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "'model.safetensors' of the commit" in done.stdout


def test_the_other_major_version(rerun_with_other_huggingface_hub):
    """These same tests with the other huggingface_hub."""
    rerun_with_other_huggingface_hub(__file__)
