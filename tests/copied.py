"""What is copied, and what lies in the copy."""

from fer_exp.config.dataset import FolderConfig
from fer_exp.config.occlusion import HeadsetConfig

QUEST2 = HeadsetConfig(name="quest2", kind="headset")


def of_folder(folder, **keys):
    root, file = folder
    return FolderConfig(name="image_folder", root=str(root), landmarks=str(file), **keys)


def content(path):
    """Every file but what tells of the run, path -> bytes."""
    return {
        p.relative_to(path).as_posix(): p.read_bytes()
        for p in sorted(path.rglob("*"))
        if p.is_file() and not p.name.startswith(".fer-exp-copy")
    }


def pictures(path):
    return {name: data for name, data in content(path).items() if name.endswith((".png", ".jpg"))}
