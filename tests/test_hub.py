"""``torch.hub`` without a network: a local hubconf.py, checkpoints that lie in the cache, and what to do about the others."""

import pytest

import rushlight as torch

HUBCONF = '''
dependencies = ["numpy"]
import torch_hub_neighbour

def net(width=2, pretrained=False):
    """A layer."""
    return torch_hub_neighbour.make(width)

def _private():
    pass
'''


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "hubconf.py").write_text(HUBCONF)
    (tmp_path / "torch_hub_neighbour.py").write_text(
        "import rushlight\n\ndef make(width):\n    return rushlight.nn.Linear(width, 1)\n"
    )
    return tmp_path


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path / "hub"


def test_a_local_folder(repository):
    assert torch.hub.load(str(repository), "net", width=3, source="local").weight.shape == (1, 3)
    with pytest.raises(RuntimeError, match="Cannot find callable nothing in hubconf"):
        torch.hub.load(str(repository), "nothing", source="local")
    (repository / "hubconf.py").write_text("dependencies = ['not_a_package_at_all']\ndef net(): pass\n")
    with pytest.raises(RuntimeError, match="Missing dependencies: not_a_package_at_all"):
        torch.hub.load(str(repository), "net", source="local")


def test_a_repository_in_the_cache(home, repository):
    folder = home / "owner_name_main"
    folder.mkdir(parents=True)
    for name in ("hubconf.py", "torch_hub_neighbour.py"):
        (folder / name).write_text((repository / name).read_text())
    assert torch.hub.load("owner/name", "net").weight.shape == (1, 2)
    assert torch.hub.list("owner/name") == ["net"] and torch.hub.help("owner/name:main", "net") == "A layer."
    with pytest.raises(NotImplementedError, match="git clone https://github.com/owner/other"):
        torch.hub.load("owner/other", "net")


def test_checkpoints(home, tmp_path):
    state = {"w": torch.ones(2)}
    url = "https://example.org/models/net-0000.pt"
    with pytest.raises(NotImplementedError, match="place it at .*checkpoints/net-0000.pt"):
        torch.hub.load_state_dict_from_url(url)
    (home / "checkpoints").mkdir(parents=True)
    torch.save(state, home / "checkpoints" / "net-0000.pt")
    assert torch.hub.load_state_dict_from_url(url)["w"].tolist() == [1, 1]
    with pytest.raises(RuntimeError, match='invalid hash value .expected "0000"'):
        torch.hub.load_state_dict_from_url(url, check_hash=True)
    with pytest.raises(NotImplementedError, match="downloads nothing"):
        torch.hub.download_url_to_file(url, str(tmp_path / "x"))
    torch.save(state, tmp_path / "here.pt")
    found = torch.utils.model_zoo.load_url(f"file://{tmp_path}/here.pt", model_dir=str(tmp_path / "kept"))
    assert found["w"].tolist() == [1, 1] and (tmp_path / "kept" / "here.pt").exists()
    with pytest.raises(RuntimeError, match="invalid hash value"):
        torch.hub.download_url_to_file(f"file://{tmp_path}/here.pt", str(tmp_path / "no"), hash_prefix="none begins so")
    assert not (tmp_path / "no").exists()


def test_the_folder(home, tmp_path):
    assert torch.hub.get_dir() == str(home)
    torch.hub.set_dir(str(tmp_path / "elsewhere"))
    try:
        assert torch.hub.get_dir() == str(tmp_path / "elsewhere")
    finally:
        torch.hub._hub_dir = None
