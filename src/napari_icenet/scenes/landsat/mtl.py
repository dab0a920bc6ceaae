"""Metadata files of Landsat products (``*_MTL.txt``, ``.json`` and ``.xml``), read by group."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from napari_icenet.errors import SceneError
from napari_icenet.scenes.folder_listing import FolderListing, list_folder

_ASSIGNMENT = re.compile(r"^\s*(?P<key>[A-Za-z]\w*)\s*=\s*(?P<value>.*?)\s*;?\s*$")
#: SCENE_CENTER_TIME carries seven decimals; datetime takes six.
_TIME_OF_DAY = re.compile(r"^(?P<hms>\d{2}:\d{2}:\d{2})(?:\.(?P<fraction>\d+))?Z?$")


@dataclass(frozen=True)
class Metadata:
    """The groups of one metadata file.

    The same key stands in several groups with different values (a Level-2 file holds the
    rescaling of both levels), so a value is only ever asked for by its group.

    Attributes
    ----------
    path : Path
        The file, for messages.
    groups : mapping of str to mapping of str to str
        Values as written, without quotes, by group and key (both upper case).
    """

    path: Path
    groups: Mapping[str, Mapping[str, str]]

    def find(self, key: str, *groups: str) -> str | None:
        """The value of a key in the first of these groups that has it, or None."""
        for group in groups:
            value = self.groups.get(group, {}).get(key)
            if value is not None and value != "":
                return value
        return None

    def text(self, key: str, *groups: str) -> str:
        """The value of a key in the first of these groups that has it.

        Raises SceneError: none of the groups has the key; the message names key, groups and file.
        """
        value = self.find(key, *groups)
        if value is None:
            raise SceneError(
                f"{self.path} has no {key} in group {' or '.join(groups)}; download the metadata file again."
            )
        return value

    def number(self, key: str, *groups: str) -> float:
        """A number.

        Raises SceneError: the key is missing, or its value is no number.
        """
        value = self.text(key, *groups)
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self._unreadable(key, value, "a number")
        return number

    def day(self, key: str, *groups: str) -> date:
        """A date.

        Raises SceneError: the key is missing, or its value is no date.
        """
        value = self.text(key, *groups)
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            raise self._unreadable(key, value, "a date") from None

    def time_of_day(self, key: str, *groups: str) -> time:
        """A time of day, UTC, to the microsecond.

        Raises SceneError: the key is missing, or its value is no time.
        """
        value = self.text(key, *groups)
        found = _TIME_OF_DAY.match(value)
        try:
            if found is None:
                raise ValueError(value)
            fraction = (found["fraction"] or "0")[:6]
            return datetime.strptime(f"{found['hms']}.{fraction}", "%H:%M:%S.%f").time()
        except ValueError:
            raise self._unreadable(key, value, "a time of day") from None

    def _unreadable(self, key: str, value: str, kind: str) -> SceneError:
        return SceneError(
            f"{self.path} gives {key} as {value!r}, which is not {kind}; download the metadata file again."
        )


def find_metadata(folder: Path | FolderListing, product: str | None = None) -> list[Path]:
    """Metadata files of a product folder, ``.txt`` before ``.json`` before ``.xml``.

    Parameters
    ----------
    folder : Path or FolderListing
    product : str, optional
        Only files whose names begin with this product id; for a folder that holds several.
    """
    found = [
        path
        for path in list_folder(folder).files
        if re.search(r"(^|_)MTL\.(txt|json|xml)$", path.name, re.IGNORECASE)
        and (product is None or path.name.upper().startswith(product.upper()))
    ]
    return sorted(found, key=lambda path: (path.suffix.lower() != ".txt", path.name))


def read_metadata(path: Path) -> Metadata:
    """Read a metadata file.

    Raises SceneError: the file cannot be read, or holds no group of metadata.
    """
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise SceneError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    match path.suffix.lower():
        case ".json":
            groups = _read_json(path, text)
        case ".xml":
            groups = _read_xml(path, text)
        case _:
            groups = _read_odl(text)
    if not any(groups.values()):
        raise SceneError(f"{path} holds no Landsat metadata; download the metadata file again.")
    return Metadata(path, groups)


def _read_odl(text: str) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = {}
    open_groups: list[str] = []
    # Old files are padded to a fixed length with NUL bytes.
    for line in text.replace("\x00", "").splitlines():
        found = _ASSIGNMENT.match(line)
        if found is None:
            if line.strip().upper() == "END":
                break
            continue
        key, value = found["key"].upper(), found["value"]
        if key == "GROUP":
            open_groups.append(value.strip('"').upper())
            groups.setdefault(open_groups[-1], {})
        elif key == "END_GROUP":
            if open_groups:
                open_groups.pop()
        elif open_groups:
            groups[open_groups[-1]][key] = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    return groups


def _read_json(path: Path, text: str) -> dict[str, dict[str, str]]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise SceneError(
            f"{path} is not valid JSON (line {error.lineno}); download the metadata file again."
        ) from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, and nesting as deep
        raise SceneError(f"{path} is no metadata that can be read; download the metadata file again.") from error
    groups: dict[str, dict[str, str]] = {}
    for name, members in _json_groups("", document):
        groups.setdefault(name.upper(), {}).update(
            {key.upper(): str(value) for key, value in members.items() if not isinstance(value, dict | list)}
        )
    return groups


def _read_xml(path: Path, text: str) -> dict[str, dict[str, str]]:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise SceneError(f"{path} is not valid XML ({error}); download the metadata file again.") from error
    groups: dict[str, dict[str, str]] = {}
    for group in root.iter():
        if len(group):
            members = {member.tag.upper(): (member.text or "").strip() for member in group if not len(member)}
            groups.setdefault(group.tag.upper(), {}).update(members)
    return groups


def _json_groups(name: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        if name:
            yield name, value
        for key, member in value.items():
            yield from _json_groups(key, member)
