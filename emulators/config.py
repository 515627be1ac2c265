"""Configuration: typed, frozen, complete or refused, read once. An error names the file and the key path."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from emulators.core.errors import ConfigError


class Settings(BaseModel):
    """Base of every configuration section: frozen, and a key it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Section = TypeVar("Section", bound=Settings)


def load(path: Path, section: type[Section]) -> Section:
    """Read a TOML file into ``section``. Raises ConfigError: not found, not TOML, or a wrong or missing key."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    return parse(data, section, str(path))


def parse(data: dict[str, Any], section: type[Section], source: str) -> Section:
    """Check plain data against ``section``; ``source`` names where it came from."""
    try:
        return section.model_validate(data)
    except ValidationError as error:
        complaints = "; ".join(f"{_key_path(item['loc'])}: {item['msg']}" for item in error.errors())
        raise ConfigError(f"{source}: {complaints}") from None


def _key_path(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".") or "(file)"
