"""Resolve's Lua as the free edition has it from 21.1 on: LuaJIT in a sandbox, with the fake Resolve behind it.

The globals that the sandbox takes away are nil here too; Fusion's preferences are a file that is written when they are saved.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fakes.resolve import Resolve
from fakes.resolve_world import Remote
from lupa import luajit21

TAKEN = ("io", "require", "package", "ffi", "debug", "UIManager", "python")


class LuaResolve:
    """One click on a Lua entry."""

    def __init__(self, resolve: Resolve, profiles: Path, sandbox: bool = True) -> None:
        self.resolve, self.profiles = resolve, profiles
        self.preferences: dict[str, Any] = {}
        self.saves = 0
        self.printed: list[str] = []
        self.sandbox = sandbox

    def run(self, entry: Path, stop: Callable[[], bool] = lambda: False) -> None:
        """Runs a menu entry to its end, here and now."""
        lua = luajit21.LuaRuntime(unpack_returned_tuples=True, register_eval=False)
        _Bound(lua, self, stop).globals()
        lua.execute(entry.read_text(encoding="utf-8"))

    def start(self, entry: Path, stop: Callable[[], bool] = lambda: False) -> threading.Thread:
        thread = threading.Thread(target=self.run, args=(entry, stop), daemon=True)
        thread.start()
        return thread

    def save(self) -> None:
        """As Fusion writes them: a table in a file, values in quotes."""
        rows = "".join(f'\t\t\t{name} = "{value}",\n' for name, value in self.preferences.items())
        path = self.profiles / "Default" / "Fusion.prefs"
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text("{\n\tLocked = false,\n\tGlobal = {\n\t\tCutprint = {\n" + rows + "\t\t},\n\t},\n}\n", encoding="utf-8")
        part.replace(path)
        self.saves += 1


class _Bound:
    """Objects of the fake as Lua sees them: methods with a colon, tables for lists, nil for None."""

    def __init__(self, lua: Any, owner: LuaResolve, stop: Callable[[], bool]) -> None:
        self.lua, self.owner, self.stop = lua, owner, stop
        self.wrap = lua.eval(
            """function(call) return function(handle)
                 return setmetatable({}, {__index = function(_, name)
                   if not call(handle, name, "has") then return nil end
                   return function(self, ...) return call(handle, name, "call", ...) end
                 end, __handle = handle})
               end end"""
        )(self._call)
        self.handle_of = lua.eval("function(one) local m = getmetatable(one) return m and m.__handle end")
        self.known: list[Any] = []
        self.tables: dict[int, Any] = {}

    def globals(self) -> None:
        space = self.lua.globals()
        space.resolve = self.to_lua(self.owner.resolve)
        fusion = self.lua.table()
        fusion.SetPrefs = lambda _self, name, value: self.owner.preferences.__setitem__(name.rpartition(".")[2], value)
        fusion.GetPrefs = lambda _self, name: self.owner.preferences.get(name.rpartition(".")[2])
        fusion.SavePrefs = lambda _self: self.owner.save()
        space.fusion = fusion
        bmd = self.lua.table()
        bmd.fileexists = lambda path: Path(path).exists()
        bmd.wait = self._wait
        bmd.getpid = lambda: 4242
        space.bmd = bmd
        space.print = (lambda *_: None) if self.owner.sandbox else (lambda *words: self.owner.printed.append(" ".join(map(str, words))))
        if self.owner.sandbox:
            for name in TAKEN:
                space[name] = None
            self.lua.execute("os.execute, os.remove, os.rename = nil, nil, nil")

    def _wait(self, seconds: float) -> None:
        if self.stop():
            raise SystemExit
        time.sleep(seconds)

    def to_lua(self, value: Any) -> Any:
        if isinstance(value, Remote):
            if id(value) not in self.tables:
                self.known.append(value)
                self.tables[id(value)] = self.wrap(len(self.known) - 1)
            return self.tables[id(value)]
        if isinstance(value, (list, tuple)):
            return self.lua.table_from([self.to_lua(one) for one in value])
        if isinstance(value, dict):
            return self.lua.table_from({key: self.to_lua(one) for key, one in value.items() if one is not None})
        return value

    def to_python(self, value: Any) -> Any:
        if luajit21.lua_type(value) != "table":
            return value
        handle = self.handle_of(value)
        if handle is not None:
            return self.known[handle]
        keys = list(value.keys())
        if keys and all(isinstance(one, int) for one in keys):
            return [self.to_python(value[k + 1]) for k in range(len(keys))]
        return {key: self.to_python(value[key]) for key in keys}

    def _call(self, handle: int, name: str, what: str, *arguments: Any) -> Any:
        method = getattr(self.known[handle], name, None)
        if what == "has":
            return method is not None
        given = [_whole(self.to_python(one)) for one in arguments]
        return self.to_lua(method(*given) if callable(method) else method)


def _whole(value: Any) -> Any:
    """Lua knows one kind of number: whole ones arrive as whole."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return {key: _whole(one) for key, one in value.items()} if isinstance(value, dict) else value
