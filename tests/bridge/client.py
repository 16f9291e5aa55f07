"""A plain HTTP client for the bridge, on the standard library."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Of an error; checks its shape on the way."""
        assert set(self.json) == {"error"} and set(self.json["error"]) == {"code", "message", "hint", "details"}, self.body
        return str(self.json["error"]["code"])


@dataclass
class Client:
    port: int
    token: str | None = None

    def ask(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str | None) -> Answer:
        """One call; headers as keywords (`X_Y="z"` is X-Y: z), None leaves one out."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            raw = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        for name, value in headers.items():
            sent.pop(name.replace("_", "-"), None)
            if value is not None:
                sent[name.replace("_", "-")] = value
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, raw, sent)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str | None) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str | None) -> Answer:
        return self.ask("POST", path, body, **headers)

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(self.get(f"/v1/jobs/{job_id}").json["job"])

    def ended(self, job_id: str, timeout_s: float = 120) -> dict[str, Any]:
        """The job once it has ended."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            job = self.job(job_id)
            if job["status"] in ("done", "failed", "cancelled"):
                return job
            time.sleep(0.1)
        raise AssertionError(f"job {job_id} did not end: {job}")
