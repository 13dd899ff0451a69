"""Doors of rooms: names that a room hands out, each loaded with its module when it is first asked for."""

TYPE_CHECKING = False  # `import planner` loads this, and `typing` takes as long as all else that it loads
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def door(room: str, names: "Mapping[str, str]") -> "Callable[[str], object]":
    """The ``__getattr__`` of a room.

    Parameters
    ----------
    room
        Its ``__name__``.
    names
        Name -> the module where it is written.

    Returns
    -------
    callable
        Loads a name once and leaves it in the room; an unknown one is an AttributeError.
    """

    def load(name: str) -> object:
        if name not in names:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        import sys
        from importlib import import_module

        found = getattr(import_module(names[name]), name)
        setattr(sys.modules[room], name, found)
        return found

    return load
